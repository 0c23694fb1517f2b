package door

// Cloudflare's words, verbatim: what workerd 2026-11-17 says.
const (
	msgVersion        = "invalid HTTP version parsed"
	msgAddressTooLong = "URI too long"
	msgHeadTooLarge   = "message head is too large"
	msgMethodUnknown  = "ERROR: Unrecognized request method."
	msgLengthMore     = "Attempt to write too many bytes through a FixedLengthStream."
	msgLengthLess     = "FixedLengthStream did not see all expected bytes before close()."
	msgReadAnswered   = "Can't read from request stream after response has been sent."
)
