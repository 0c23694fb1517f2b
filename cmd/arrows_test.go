package emucmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seed-36a2c969/emu"

// reasons maps what is allowed to why it is.
type reasons map[string]string

// arrows is the whole import graph of this module. An import that is not
// written here fails the test: change the picture before the code.
var arrows = map[string]reasons{
	"cmd/emu": {"cmd": "main is one line, so that a program can have the same command line"},
	"cmd": {
		"config/javascript":       "numbers of flags",
		"config":                  "reads what the flags name",
		"config/diagnostic":       "shows what is wrong",
		"migrations":              "checks a history without a program",
		"migrations/folder":       "looks into it",
		"emulator":                "hands it what to serve",
		"emulator/devserver":      "serves it",
		"emulator/program":        "builds what serves it",
		"emulator/watch":          "builds again on change",
		"emulator/durable/driver": "names what a program links in",
		"emulator/talk":           "talks to a WebSocket",
		"config/terminal":         "shows texts of others",
	},
	"config": {
		"config/diagnostic":      "says what is wrong, with its place",
		"config/internal/schema": "checks what it says",
		"config/internal/syntax": "reads the file",
		"config/internal/tree":   "which is a tree",
	},
	"config/internal/schema": {
		"config/javascript":    "numbers in messages",
		"config/diagnostic":    "says what is wrong with a field",
		"config/internal/tree": "looks at its value",
	},
	"config/internal/syntax": {
		"config/javascript":    "strings of JSON",
		"config/diagnostic":    "says why a text cannot be read",
		"config/internal/tree": "makes one",
	},
	"config/internal/tree": {"config/javascript": "numbers, strings and keys as the Worker sees them"},
	"config/diagnostic":    {"config/terminal": "shows texts of others"},
	"migrations": {
		"config":                     "plans what the configuration lists",
		"migrations/internal/record": "against what has been applied",
		"config/diagnostic":          "points at it",
		"migrations/folder":          "keeps the ledger there",
	},
	"migrations/internal/record": {
		"config":            "records a migration of it",
		"migrations/folder": "knows which names can be a folder's",
	},
	"migrations/folder": {"config/diagnostic": "says how to go on when it is in use"},
	"emulator": {
		"emulator/internal/invocation": "runs the Worker",
		"config":                       "a world is made from one",
		"config/diagnostic":            "says what a start refuses",
		"migrations":                   "and from the stored state's history",
		"emulator/durable/driver":      "the seam to the classes",
		"emulator/internal/alarms":     "schedules what objects set",
		"emulator/internal/clock":      "a world's time",
		"emulator/internal/host":       "the ground that a world stands on",
		"emulator/internal/outbound":   "fetches what is outside",
		"emulator/internal/socket":     "the WebSockets of Workers and objects",
		"emulator/internal/stacks":     "whose goroutine one is",
		"emulator/internal/storage":    "an object's data, by the API of ctx.storage",
		"emulator/internal/wire":       "sockets that clients and Workers open",
		"emulator/internal/arrival":    "runs requests in the order in which they arrive",
		"emulator/internal/door":       "serves requests",
		"migrations/folder":            "has its state folder to itself",
		"emulator/internal/object":     "runs the objects",
	},
	"emulator/internal/object": {
		"emulator/durable/driver":    "the seam to the classes",
		"emulator/internal/alarms":   "runs the alarms that are due",
		"emulator/internal/clock":    "times that it can stop",
		"emulator/internal/host":     "time, activity, the log",
		"emulator/internal/message":  "checks responses as workerd does",
		"emulator/internal/outbound": "an event fetches what is outside",
		"emulator/internal/socket":   "WebSockets, whose events are an object's",
		"emulator/internal/stacks":   "whose goroutine has the turn",
		"emulator/internal/storage":  "commits at the end of a turn",
		"emulator/internal/v8":       "copies what a call hands over",
		"emulator/internal/wire":     "an upgrade is asked for",
	},
	"emulator/devserver": {
		"config":                   "prints what was read",
		"config/diagnostic":        "and what is wrong with it",
		"emulator":                 "serves a world",
		"emulator/internal/upload": "its own answers, too, may come before a request's body",
		"config/terminal":          "shows texts of others",
	},
	"emulator/emutest": {
		"config":                     "reads the configuration under test",
		"config/diagnostic":          "fails with what is wrong with it",
		"emulator":                   "makes worlds",
		"emulator/durable":           "exports the Worker under test",
		"emulator/durable/driver":    "takes the classes under test",
		"emulator/internal/clock":    "moves a world's time",
		"emulator/internal/wsclient": "is a client",
		"config/terminal":            "shows texts of others",
	},
	"emulator/talk": {"emulator/internal/wsclient": "is a client", "config/diagnostic": "hints", "config/terminal": "shows texts of others"},
	"emulator/worker": {
		"cmd":                     "a program's command line is emu's",
		"emulator/durable":        "takes a class author's Worker",
		"emulator/durable/driver": "collects the classes",
		"emulator/program":        "makes a program of them",
	},
	"emulator/durable":        {"emulator/durable/driver": "the Go front end of the seam", "config/javascript": "the order of keys"},
	"emulator/durable/driver": {},
	"emulator/durable/httpx":  {"emulator/durable": "adapts its requests", "emulator/durable/driver": "finds the event of a context"},
	"emulator/internal/alarms": {
		"emulator/durable/driver": "ids",
		"emulator/internal/clock": "a real clock is not waited for",
		"emulator/internal/host":  "the ground that a world stands on",
		"emulator/internal/store": "the file that outlives the world",
	},
	"emulator/internal/arrival": {},
	"emulator/internal/clock":   {},
	"emulator/internal/host": {
		"emulator/durable/driver": "an exception is an event",
		"emulator/internal/clock": "a world's time",
	},
	"emulator/internal/stacks": {"emulator/durable/driver": "places in the user's code, and what a panic stands for"},
	"emulator/internal/outbound": {
		"emulator/durable/driver":   "the seam to the classes",
		"emulator/internal/host":    "chance, flags and events",
		"emulator/internal/message": "what a request's header may hold",
		"emulator/internal/socket":  "what a WebSocket that goes out is",
		"emulator/internal/stacks":  "its goroutines are no class's",
		"emulator/internal/wire":    "the connection of such a WebSocket",
	},
	"emulator/internal/socket": {
		"config/javascript":       "strings that are sent",
		"emulator/durable/driver": "the seam to the classes",
		"emulator/internal/host":  "time, signals and goroutines",
		"emulator/internal/v8":    "the bytes of attachments",
		"emulator/internal/wire":  "the frames, and connections of clients",
	},
	"emulator/internal/storage": {
		"emulator/durable/driver":  "the seam to the classes",
		"emulator/internal/alarms": "schedules what objects set",
		"emulator/internal/host":   "the ground that a world stands on",
		"emulator/internal/store":  "an object's database",
		"emulator/internal/v8":     "the bytes of stored values",
	},
	"emulator/internal/sqlite":   {"config/javascript": "texts of the database are strings"},
	"emulator/internal/store":    {"emulator/internal/sqlite": "the connection that it keeps a database on"},
	"emulator/internal/upload":   {},
	"emulator/internal/v8":       {"emulator/durable/driver": "the value tree that it turns into bytes", "config/javascript": "strings, and the order of keys"},
	"emulator/internal/wire":     {"config/javascript": "what a message that is not UTF-8 decodes to"},
	"config/javascript":          {},
	"emulator/internal/wsclient": {},
	"config/terminal":            {},
	"emulator/internal/message":  {"emulator/durable/driver": "a response, and what it is refused with"},
	"emulator/program": {
		"config":                  "what main names, and diagnostics",
		"config/diagnostic":       "errors with hints",
		"emulator/durable/driver": "what a front end makes",
	},
	"emulator/watch": {
		"config":             "reads it anew",
		"config/diagnostic":  "errors with hints",
		"emulator/devserver": "the address and the log",
		"emulator/program":   "makes one after another",
	},
	"emulator/internal/door": {
		"emulator/durable/driver":      "requests, and responses",
		"emulator/internal/wire":       "the connection of an upgrade",
		"emulator/internal/upload":     "answers before a request's body has arrived",
		"emulator/internal/stacks":     "what a panic stands for",
		"emulator/internal/socket":     "what a response's WebSocket is connected to",
		"emulator/internal/message":    "checks responses as workerd does",
		"emulator/internal/arrival":    "whose order its requests keep",
		"emulator/internal/object":     "sends the body of an object's response",
		"emulator/internal/invocation": "runs the Worker",
		"emulator/internal/host":       "time, activity, the log",
	},
	"emulator/internal/invocation": {
		"emulator/internal/stacks":   "notes the goroutines that run the Worker",
		"emulator/internal/socket":   "accepts WebSockets",
		"emulator/internal/outbound": "fetches",
		"emulator/internal/object":   "waits as an object's events do",
		"emulator/internal/host":     "time, activity, the log",
		"emulator/durable/driver":    "what the Worker's code gets",
		"emulator/internal/arrival":  "keeps its place in the order",
	},
}

// exampleImports are the packages that those below fixtures may import besides one another:
// the ones that a user imports.
var exampleImports = reasons{
	"emulator/durable":       "classes",
	"emulator/durable/httpx": "net/http in classes",
	"emulator/worker":        "programs",
	"emulator/emutest":       "tests",
}

// owners says which packages alone may import a third-party module.
var owners = map[string]reasons{
	"github.com/spf13/cobra":          {"cmd": "the tree of commands"},
	"github.com/spf13/pflag":          {"cmd": "cobra's flags"},
	"github.com/tailscale/hujson":     {"config/internal/syntax": "wrangler.jsonc", "migrations/internal/record": "the places of a ledger's values"},
	"github.com/pelletier/go-toml/v2": {"config/internal/syntax": "wrangler.toml"},
	"nhooyr.io/websocket":             {"emulator/internal/wsclient": "the client side of WebSockets"},
	"modernc.org/sqlite":              {"emulator/internal/sqlite": "SQLite without cgo"},
	"modernc.org/libc":                {"emulator/internal/sqlite": "the memory that SQLite's C interface speaks of"},
	"github.com/fsnotify/fsnotify":    {"emulator/watch": "events of files"},
	"golang.org/x/sys": {
		"emulator/internal/arrival": "epoll",
		"emulator/internal/wire":    "epoll",
		"emulator/watch":            "hotkeys",
		"emulator/program":          "processes",
		"cmd":                       "streams",
		"fixtures/bench/measure":    "the processor time of another process",
	},
}

// heavy is what durable must not bring into a wasm program.
var heavy = reasons{
	"net/http":     "a Worker on Cloudflare has fetch; httpx is apart for this reason",
	"crypto/tls":   "comes with net/http: a megabyte and more",
	"database/sql": "storage is the runtime's",
	"os/exec":      "there is nothing to run",
	"go/build":     "belongs to emu dev",
	"regexp":       "its tables and code are a tenth of a small program",
}

// imports is what go list says of a package.
type imports struct {
	ImportPath string
	Imports    []string
}

func goList(t *testing.T, env []string, args ...string) (list []imports) {
	t.Helper()
	c := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	c.Dir = ".."
	c.Env = append(os.Environ(), env...)
	out, err := c.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("go list: %v\n%s", err, failed.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p imports
		if err := dec.Decode(&p); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func TestArrows(t *testing.T) {
	used := map[string]reasons{}
	for _, platform := range []string{"linux", "darwin", "windows"} {
		for _, p := range goList(t, []string{"GOOS=" + platform}, "./...") {
			from := strings.TrimPrefix(p.ImportPath, module+"/")
			example := strings.HasPrefix(from, "fixtures/")
			allowed, known := arrows[from]
			if example {
				allowed = exampleImports
			} else if !known {
				t.Errorf("%s is not in the picture", from)
				continue
			}
			if used[from] == nil {
				used[from] = reasons{}
			}
			for _, imp := range p.Imports {
				if to, ours := strings.CutPrefix(imp, module+"/"); ours {
					used[from][to] = "imported"
					if allowed[to] == "" && !(example && strings.HasPrefix(to, "fixtures/")) {
						t.Errorf("%s imports %s: there is no such arrow", from, to)
					}
					continue
				}
				if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
					continue // a package of the standard library
				}
				owner := ownersOf(imp)
				if owner == nil {
					t.Errorf("%s imports %s, which nobody owns", from, imp)
				} else if owner[from] == "" {
					t.Errorf("%s imports %s: only %v may", from, imp, slices.Sorted(maps.Keys(owner)))
				}
			}
		}
	}
	for from, allowed := range arrows {
		for to, why := range allowed {
			if used[from][to] == "" {
				t.Errorf("%s does not import %s any more: take the arrow out (%s)", from, to, why)
			}
		}
	}
}

// ownersOf are the owners of the module that an import belongs to.
func ownersOf(imp string) reasons {
	for module, who := range owners {
		if imp == module || strings.HasPrefix(imp, module+"/") {
			return who
		}
	}
	return nil
}

// TestDurableIsLight: classes compile to a wasm program without what only the
// emulator needs.
func TestDurableIsLight(t *testing.T) {
	env := []string{"GOOS=js", "GOARCH=wasm"}
	for _, p := range goList(t, env, "-deps", "./emulator/durable") {
		if why := heavy[p.ImportPath]; why != "" {
			t.Errorf("durable brings in %s: %s", p.ImportPath, why)
		}
		if to, ours := strings.CutPrefix(p.ImportPath, module+"/"); ours && to != "emulator/durable" && arrows["emulator/durable"][to] == "" {
			t.Errorf("durable brings in %s", to)
		}
	}
	c := exec.Command("go", "build", "./emulator/durable")
	c.Dir = ".."
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("durable does not build for js/wasm: %v\n%s", err, out)
	}
}

// TestRoot: the root holds these folders alone, and no Go file.
func TestRoot(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() && name[0] != '.' && !slices.Contains([]string{"cmd", "config", "emulator", "fixtures", "migrations"}, name) {
			t.Errorf("folder %s", name)
		}
		if strings.HasSuffix(name, ".go") {
			t.Errorf("file %s", name)
		}
	}
}
