package config

// Difference is where a configuration is read otherwise than Wrangler reads
// it, on purpose.
type Difference struct {
	ID, What, Why string
	// Cases are the numbers of the recorded cases that show it.
	Cases []string
}

// Differences lists every one of them.
var Differences = []Difference{
	{"format", "a configuration whose name does not end in .toml, .json or .jsonc is refused", "Wrangler takes such a file as empty without reading it", []string{"361", "363"}},
	{"port", "dev.port and dev.inspector_port outside 0 to 65535, or not whole, are refused with their place", "Wrangler accepts them and cannot listen", []string{"208", "210"}},
	{"root", "a list is not a configuration", "Wrangler takes [] as an empty one", []string{"015", "016"}},
}
