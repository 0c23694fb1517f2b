package program

import (
	"runtime/debug"
	"testing"
)

func TestReleased(t *testing.T) {
	const sum = "h1:dbKTrvD0klcbBV/h4AWJdMuZogJACoMlvWIWZ5b2xWg="
	fetched := debug.Module{Path: Emu, Version: "v1.2.3", Sum: sum}
	tests := []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"go install", &debug.BuildInfo{Main: fetched}, "v1.2.3"},
		{"linked into a program", &debug.BuildInfo{Main: debug.Module{Path: "example.com/a"}, Deps: []*debug.Module{{Path: "example.com/b"}, &fetched}}, "v1.2.3"},
		{"go build in a checkout", &debug.BuildInfo{Main: debug.Module{Path: Emu, Version: "(devel)"}}, ""},
		{"with the commit", &debug.BuildInfo{Main: debug.Module{Path: Emu, Version: "v0.0.0-20261123170841-c60a041abcde+dirty"}}, ""},
		{"replaced", &debug.BuildInfo{Deps: []*debug.Module{{Path: Emu, Version: "v0.0.0", Replace: &debug.Module{Path: "../emu"}}}}, ""},
		{"unknown", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Released(test.info); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWorkerName(t *testing.T) {
	for folder, want := range map[string]string{
		"hello": "hello", "My Chat_2": "my-chat-2", ".": "worker", "/": "worker", "-x-": "x", "été": "t",
	} {
		if got := WorkerName(folder); got != want {
			t.Errorf("%q: got %q, want %q", folder, got, want)
		}
	}
}
