package host

// https://developers.cloudflare.com/workers/configuration/compatibility-flags/

// Flags are the compatibility flags that change what a world does.
type Flags struct {
	WebSocketAutoReplyToClose               bool
	WebSocketCloseReasonByteLimit           bool
	DeleteAllDeletesAlarm                   bool
	StripAuthorizationOnCrossOriginRedirect bool
}
