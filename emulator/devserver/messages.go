package devserver

// Wrangler's own words.
const (
	msgInUse         = "Address already in use (%s). Please check that you are not already running a server on this address or specify a different port with --port."
	msgInvalidHost   = "Invalid Host header"
	msgInvalidOrigin = "Invalid Origin header"
	msgReady         = "[wrangler:info] Ready on %s"
	msgRequest       = "[wrangler:info] %s %s %d %s (%dms)"
	msgWorkerError   = "[wrangler:error] %s"
	msgSecrets       = "Using secrets defined in %s"
	msgBindings      = "Your Worker has access to the following bindings:"
	msgStarting      = "⎔ Starting local server..."
	msgUpdated       = "⎔ Local server updated and ready"
	msgRestarted     = "Your worker restarted mid-request. Please try sending the request again. Only GET or HEAD requests are retried automatically."
	msgNoDate        = "No compatibility_date was specified. Using the default compatibility date: %s."
	msgNoDateHint    = "Add one to your %s file: %s"
	msgNoDatePage    = "https://developers.cloudflare.com/workers/platform/compatibility-dates/"
)

// msgNoFiles is our own.
const msgNoFiles = "too many open files: clients wait until others have left\nhint: raise the limit where emu is started: ulimit -n 65536"
