package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// workerModule is a Worker's program in a module.
const workerModule = `
-- src/main.go --
package main

import (
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/worker"
)

func main() { worker.Main(durable.WorkerFunc(nil)) }
`

// TestFaults: what the go command says of a program is explained, with its place and
// what to type. The go command itself says it, so that other words of a new Go are noticed.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the go command")
	}
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(cache))) // which is in the user's cache folder by default
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOFLAGS", "")
	quoted := checkout
	if strings.Contains(checkout, " ") {
		quoted = `"` + checkout + `"`
	}
	const emu = "github.com/seed-36a2c969/emu"
	needed := strings.Replace(string(own), "module "+emu, "module example.com/x", 1) + "\nrequire " + emu + " v0.0.0\n"
	complete := needed + "\nreplace " + emu + " => " + quoted + "\n"
	sum := "-- go.sum --\n" + string(sums)
	mod := func(text string) string { return workerModule + "-- go.mod --\n" + text }
	importing := func(path string) string {
		return strings.Replace(mod(complete)+sum, "import (", "import (\n\t_ \""+path+"\"", 1)
	}
	for _, test := range []struct{ name, files, at, text, hint string }{
		{"no go.mod", workerModule, "src", "there is no go.mod: Go package ./src belongs to no Go module", `^go mod init example.com/\S+ && go .*`},
		{"not required", mod("module example.com/x\n\ngo 1.26\n"), "src/main.go:4:2", "go.mod does not require module " + emu, `^go (mod edit -replace|get) ` + emu},
		{"required alone", mod("module example.com/x\n\ngo 1.26\n\nrequire " + emu + " v0.0.0\n"), "go.mod:5:9", "go.mod requires module " + emu + " v0.0.0, which is no version: nothing replaces it with a checkout", "^go mod edit -replace " + emu + "=FOLDER && go mod tidy, where"},
		{"required alone, with all sums", mod(needed) + sum, "go.mod", "go.mod requires module " + emu + " v0.0.0, which is no version", "^go mod edit -replace " + emu + "=FOLDER && go mod tidy, where"},
		{"no module line", mod("\n") + sum, "go.mod", "go.mod has no module line", `^go mod edit -module=example.com/\S+$`},
		{"replaced alone", mod("module example.com/x\n\ngo 1.26\n\nreplace " + emu + " => " + quoted + "\n"), "go.mod:5:9", "go.mod replaces module " + emu + ", and does not require it", "^go mod tidy$"},
		{"not tidy", mod("module example.com/x\n\ngo 1.26\n\nrequire " + emu + " v0.0.0\n\nreplace " + emu + " => " + quoted + "\n"), "go.mod:1:1", "go.mod does not have all that the program needs", "^go mod tidy$"},
		{"no go.sum", mod(complete), "go.mod:1:1", "go.sum lacks sums of modules that the program needs", "^go mod tidy$"},
		{"no replacement", mod(needed+"\nreplace "+emu+" => ../nowhere\n") + sum, "go.mod", "go.mod replaces module " + emu + " with ../nowhere, a folder that does not exist", "^go mod edit -replace " + emu + "=FOLDER"},
		{"a replacement that is no module", mod(needed+"\nreplace "+emu+" => ./src\n") + sum, "go.mod", "go.mod replaces module " + emu + " with ./src, a folder without a go.mod", "^go mod edit -replace " + emu + "=FOLDER"},
		{"no such package of the module", importing("example.com/x/rom"), "src/main.go:4:2", "there is no Go package example.com/x/rom: module example.com/x has none in its folder ./rom", "mend the import"},
		{"no such package of emu", importing(emu + "/emulator/durible"), "src/main.go:4:2", "there is no Go package " + emu + "/emulator/durible in module " + emu + " as go.mod has it", "emulator/durable"},
		{"no such package of Go", importing("fmtt"), "src/main.go:4:2", "there is no Go package fmtt", "example.com/x/FOLDER"},
		{"another module", importing("example.com/other/y"), "src/main.go:4:2", "no module that go.mod requires has Go package example.com/other/y", "^go mod tidy, or go get example.com/other/y$"},
		{"a Go to come", mod(regexp.MustCompile(`(?m)^go .*`).ReplaceAllString(complete, "go 1.99")) + sum, "go.mod:3:1", "go.mod asks for Go 1.99, and this is Go ", `go mod edit -go=1\.\d+ -toolchain=none$`},
		{"no version of Go", mod(regexp.MustCompile(`(?m)^go .*`).ReplaceAllString(complete, "go 1.x")) + sum, "go.mod:3:1", "invalid go version '1.x': must match format", "https://go.dev/ref/mod"},
		{"a word in go.mod", mod(complete+"requir x\n") + sum, "go.mod", "unknown directive: requir", "https://go.dev/ref/mod"},
		{"no func main", "-- src/main.go --\npackage main\n\nfunc start() {}\n-- go.mod --\nmodule example.com/x\n\ngo 1.26\n", "src", "Go package ./src has no func main", "worker.Main"},
		{"vendor", mod(complete) + sum + "-- vendor/modules.txt --\n# example.com/y v1.0.0\n", "go.mod:1:1", "the folder vendor is out of step with go.mod", "^go mod vendor$"},
		{"not of the workspace", mod(complete) + sum + "-- go.work --\ngo 1.26\n\nuse ./other\n-- other/go.mod --\nmodule example.com/other\n\ngo 1.26\n", "go.mod", "go.work does not use the module of Go package ./src", "^go work use .$"},
		{"a workspace of what is gone", mod(complete) + sum + "-- go.work --\ngo 1.26.0\n\nuse .\nuse ./gone\n", "", "go.work uses gone, a folder without a go.mod", "^go work edit -dropuse=./gone$"},
		{"a dependency for another machine", importing("example.com/x/odd") + "-- odd/odd_plan9.go --\npackage odd\n", "", "build constraints exclude all in odd", "//go:build"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			p := &Package{Dir: filepath.Join(dir, "src"), direct: true}
			var said bytes.Buffer
			if _, err := p.Build(context.Background(), &said, dir); !errors.Is(err, ErrBuild) {
				t.Fatalf("built: %v\n%s", err, &said)
			}
			list, rest := p.Explain(said.String(), dir)
			if len(list) == 0 || rest != "" {
				t.Fatalf("the go command said\n%s\nof which %d are explained, and not\n%s", &said, len(list), rest)
			}
			d := list[len(list)-1]
			at := d.Place.File
			if strings.Contains(test.at, ":") {
				at = fmt.Sprintf("%s:%d:%d", at, d.Place.Line, d.Place.Column)
			}
			if at != test.at || !strings.Contains(d.Text, test.text) || !regexp.MustCompile(test.hint).MatchString(d.Hint) {
				t.Errorf("%s: %s\nhint: %s\nof\n%s", at, d.Text, d.Hint, &said)
			}
			// A judgement without a build says the same, of what it can see.
			if loads := p.Loads(context.Background(), dir); test.name != "no func main" && (len(loads) == 0 || loads[len(loads)-1].Text != d.Text) {
				t.Errorf("a judgement says %v", loads)
			}
		})
	}
	t.Run("without modules", func(t *testing.T) {
		t.Setenv("GO111MODULE", "off")
		dir := folder(t, mod(complete)+sum)
		p := &Package{Dir: filepath.Join(dir, "src"), direct: true}
		var said bytes.Buffer
		p.Build(context.Background(), &said, dir)
		list, rest := p.Explain(said.String(), dir)
		if len(list) != 1 || rest != "" || list[0].Text != "GO111MODULE=off switches Go modules off, and emu is one" || !strings.HasPrefix(list[0].Hint, "unset GO111MODULE") {
			t.Errorf("%+v, %q of\n%s", list, rest, &said)
		}
		if loads := p.Loads(context.Background(), dir); len(loads) != 1 || loads[0].Text != list[0].Text {
			t.Errorf("a judgement says %v", loads)
		}
	})
	t.Run("a version of Go that cannot be had", func(t *testing.T) {
		said := "go: download go1.99.0: golang.org/toolchain@v0.0.1-go1.99.0.linux-amd64: reading https://example.com/x.zip: 404 Not Found\n"
		list, _ := (&Package{Dir: folder(t, mod(complete))}).Explain(said, t.TempDir())
		if len(list) != 1 || !strings.HasPrefix(list[0].Text, "go.mod asks for go1.99.0, which cannot be had: ") {
			t.Errorf("%+v", list)
		}
	})
	t.Run("no Worker", func(t *testing.T) {
		dir := folder(t, "-- src/main.go --\npackage main\n\nfunc main() {}\n-- go.mod --\nmodule example.com/x\n\ngo 1.26\n")
		p := &Package{Dir: filepath.Join(dir, "src")}
		_, err := p.Build(context.Background(), &bytes.Buffer{}, dir)
		if loads := p.Loads(context.Background(), dir); err == nil || len(loads) != 1 || loads[0].Text != err.Error() || loads[0].Hint != diagnostic.HintOf(err) {
			t.Errorf("a build says %v, a judgement %v", err, loads)
		}
	})
	t.Run("what is not explained", func(t *testing.T) {
		t.Setenv("GOFLAGS", "-nonsense")
		dir := folder(t, mod(complete)+sum)
		p := &Package{Dir: filepath.Join(dir, "src")}
		loads := p.Loads(context.Background(), dir)
		if len(loads) != 1 || loads[0].Text != "the go command cannot load Go package ./src" || len(loads[0].Notes) != 1 || !strings.Contains(loads[0].Notes[0].Text, "-nonsense") {
			t.Errorf("a judgement says %+v", loads)
		}
	})
	t.Run("the compiler's words", func(t *testing.T) {
		const said = "# example.com/x/src\nsrc/main.go:3:1: undefined: x\n\tnote\n"
		if list, rest := (&Package{Dir: t.TempDir()}).Explain(said, t.TempDir()); list != nil || rest != said {
			t.Errorf("explained as %v, %q", list, rest)
		}
	})
	t.Run("what was downloaded before", func(t *testing.T) {
		const said = "go: downloading example.com/y v1.0.0\nsrc/main.go:4:2: package fmtt is not in std (/go/src/fmtt)\n"
		if list, rest := (&Package{Dir: t.TempDir()}).Explain(said, t.TempDir()); len(list) != 1 || rest != "" {
			t.Errorf("explained as %v, %q", list, rest)
		}
	})
	t.Run("in another folder", func(t *testing.T) {
		dir := folder(t, "-- a b/go.mod --\nmodule x\n")
		list, _ := (&Package{Dir: filepath.Join(dir, "a b")}).Explain("go: updates to go.mod needed; to update it:\n\tgo mod tidy\n", dir)
		if len(list) != 1 || list[0].Hint != "cd 'a b' && go mod tidy" || list[0].Place.File != "a b/go.mod" {
			t.Errorf("got %+v", list)
		}
	})
	t.Run("no go command", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := exec.LookPath("go"); err == nil {
			t.Skip("it is found without a path")
		}
		p := &Package{Dir: t.TempDir(), direct: true}
		_, err := p.Build(context.Background(), &bytes.Buffer{}, p.Dir)
		var advice interface{ Hint() string }
		if !errors.As(err, &advice) || !strings.Contains(advice.Hint(), "https://go.dev/dl/") {
			t.Errorf("got %v", err)
		}
	})
}
