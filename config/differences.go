package config

// Difference is one way in which emu reads a configuration differently from Wrangler,
// on purpose.
type Difference struct {
	ID, What, Why string
	// Cases are the numbers of the recorded cases that show it.
	Cases []string
}

// Differences lists every one of them.
var Differences = []Difference{
	{"format", "a configuration whose name does not end in .toml, .json or .jsonc is refused",
		"Wrangler takes such a file as empty without reading it", []string{"361", "363"}},
	{"port", "dev.port and dev.inspector_port that are not whole or not from 0 to 65535 are refused with their place",
		"Wrangler accepts them and then cannot listen", []string{"208", "209", "210"}},
	{"date", "a compatibility date that is not an ISO 8601 date is refused when the file is read",
		"Wrangler reads the older forms of JavaScript's Date too, and its dev command then refuses to start", nil},
	{"root", "a configuration that is a list is refused",
		"Wrangler takes [] as empty and warns of the items of any other", []string{"015", "016"}},
	{"code", "two commas after a property are refused with the code ValueExpected",
		"Wrangler's is PropertyNameExpected; the place is the same", []string{"007"}},
	{"name", "a Worker without a name is named after the folder of its configuration",
		"Wrangler makes a random name at every start, under which no storage is found again", nil},
	{"crash", "what ends Wrangler with a JavaScript TypeError is an error with its place",
		"the user learns what to change", nil},
	{"every", "an error of one kind does not hide the others: a missing python_workers flag is reported with the rest",
		"Wrangler throws it and drops what it found before", nil},
	{"depth", "lists and objects more than 1000 deep are refused in JSONC too",
		"Wrangler's limit is the stack of JavaScript; TOML has this one", nil},
	{"elsewhere", "of containers, cloudchamber and previews only the outer shape is checked",
		"nothing of them runs on this machine", nil},
	{"swallowed", "a field of the top level below [vars] brings a warning",
		"Wrangler makes it a variable without a word", nil},
	{"expansion", "a variable of a .env file that refers to itself for ever is given up after 1000 steps",
		"Wrangler hangs", nil},
}
