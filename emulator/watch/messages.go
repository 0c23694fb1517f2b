package watch

// Wrangler's own words.
const (
	msgReloading = "⎔ Reloading local server..."
	msgStopping  = "⎔ Shutting down local server..."
)
