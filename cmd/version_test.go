package emucmd

import (
	"regexp"
	"runtime/debug"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/program"
)

func TestVersion(t *testing.T) {
	code, text, _ := run(Command{}, "version")
	want := regexp.MustCompile(`^emu ` + regexp.QuoteMeta(Version) + ` \(.+\)\nrecorded against wrangler 4\.164\.0, workerd 2026-11-17\ngo\S+ \w+/\w+\n$`)
	if code != exitOK || !want.MatchString(text) {
		t.Errorf("ends with %d and prints\n%s", code, text)
	}
}

// TestOrigin: emu never shows the version or commit of another module as its own.
func TestOrigin(t *testing.T) {
	const sum = "h1:dbKTrvD0klcbBV/h4AWJdMuZogJACoMlvWIWZ5b2xWg="
	vcs := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "9f96943ea91ff38f854d92b2f63652e2e9994231"}, {Key: "vcs.modified", Value: "false"}}
	modified := append(vcs[:2:2], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	checkout := debug.Module{Path: program.Emu, Version: "v0.0.0-20261123184005-9f96943ea91f"}
	theirs := debug.Module{Path: "example.com/chat", Version: "(devel)"}
	tests := []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"go build in a checkout", &debug.BuildInfo{Main: checkout, Settings: vcs}, "commit 9f96943ea91f"},
		{"with changes", &debug.BuildInfo{Main: checkout, Settings: modified}, "commit 9f96943ea91f, modified"},
		{"go run in a checkout", &debug.BuildInfo{Main: debug.Module{Path: program.Emu, Version: "(devel)"}}, "commit unknown"},
		{"go install of a release", &debug.BuildInfo{Main: debug.Module{Path: program.Emu, Version: "v1.2.3", Sum: sum}}, "module v1.2.3"},
		{"go install of a commit", &debug.BuildInfo{Main: debug.Module{Path: program.Emu, Version: checkout.Version, Sum: sum}}, "module v0.0.0-20261123184005-9f96943ea91f"},
		{"a program of one's own", &debug.BuildInfo{Main: theirs, Settings: vcs, Deps: []*debug.Module{{Path: program.Emu, Version: "v1.2.3", Sum: sum}}}, "module v1.2.3"},
		{"with a replaced emu", &debug.BuildInfo{Main: theirs, Settings: vcs, Deps: []*debug.Module{{Path: program.Emu, Version: "v0.0.0", Replace: &debug.Module{Path: "../emu"}}}}, "commit unknown, module replaced by ../emu"},
		{"a workspace's", &debug.BuildInfo{Main: theirs, Settings: vcs, Deps: []*debug.Module{{Path: program.Emu, Version: "(devel)"}}}, "commit unknown"},
		{"without build information", nil, "commit unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := origin(test.info); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
