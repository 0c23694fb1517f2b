package program

// The go command's messages about a module, explained to somebody who wants to run a Worker.
// https://go.dev/ref/mod

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// module is what is known of the Go module of a program.
type module struct {
	p    *Package
	dir  string // the user's
	file string // its go.mod, "" if there is none
	text string // of the file
}

func (p *Package) module(dir string) *module {
	m := &module{p: p, dir: dir}
	for at := p.Dir; ; at = filepath.Dir(at) {
		file := filepath.Join(at, "go.mod")
		if text, err := os.ReadFile(file); err == nil {
			m.file, m.text = file, string(text)
			return m
		}
		if at == filepath.Dir(at) {
			return m
		}
	}
}

var modulePath = regexp.MustCompile(`(?m)^module[ \t]+"?([^\s"]+)`)

// path is the module's, "" if it has none.
func (m *module) path() string {
	if found := modulePath.FindStringSubmatch(m.text); found != nil {
		return found[1]
	}
	return ""
}

// line is the place of the first line of go.mod that a pattern matches.
func (m *module) line(pattern string) diagnostic.Place {
	at := diagnostic.Place{File: Shown(m.dir, m.file)}
	for i, line := range strings.Split(m.text, "\n") {
		if found := regexp.MustCompile(pattern).FindStringIndex(line); found != nil {
			at.Line, at.Column, at.Length = i+1, found[0]+1, found[1]-found[0]
			break
		}
	}
	return at
}

// there makes a hint one that can be typed in the working directory: go commands about a module
// run in the folder of its go.mod.
func (m *module) there(hint string) string {
	if m.file == "" || !strings.HasPrefix(hint, "go ") {
		return hint
	}
	at := Shown(m.dir, filepath.Dir(m.file))
	switch {
	case at == ".":
		return hint
	case strings.ContainsAny(at, " \t'\"&;"):
		at = "'" + at + "'"
	}
	return "cd " + at + " && " + hint
}

// getEmu is the command that adds emu's module to go.mod.
func (m *module) getEmu() string {
	info, _ := debug.ReadBuildInfo()
	if version := Released(info); version != "" {
		return "go get " + Emu + "@" + version
	}
	if strings.Contains(m.text, Emu+" =>") {
		return "go mod tidy"
	}
	return "go mod edit -replace " + Emu + "=FOLDER && go mod tidy, where FOLDER is a checkout of emu"
}

// requiresNothing matches a require of emu's module at v0.0.0, which exists as a replacement
// only.
var requiresNothing = regexp.MustCompile(`(?m)^[ \t]*(?:require[ \t]+)?` + regexp.QuoteMeta(Emu) + `[ \t]+v0\.0\.0\b`)

// notReplaced is the fault of a go.mod that requires emu's module at v0.0.0 without a
// replacement.
func (m *module) notReplaced() (text, hint string, at diagnostic.Place) {
	return "go.mod requires module " + Emu + " v0.0.0, which is no version: nothing replaces it with a checkout",
		m.getEmu(), m.line(regexp.QuoteMeta(Emu) + `\s+v0\.0\.0\S*`)
}

// fault is a kind of message of the go command. explain turns the submatches of the pattern into
// a text, a hint and a place. The message's own place is used if explain returns none.
type fault struct {
	pattern *regexp.Regexp
	explain func(m *module, found []string) (text, hint string, at diagnostic.Place)
	whole   bool // the go command's output is shown too
}

// faults are what people meet who are new to Go modules, in the words of Go 1.26.
var faults = []fault{
	{pattern: regexp.MustCompile(`^go: (?:go\.mod file not found in current directory|cannot find main module)`), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		get := m.getEmu()
		return "there is no go.mod: Go package " + m.p.Path(m.dir) + " belongs to no Go module",
			"go mod init example.com/" + WorkerName(m.dir) + " && " + get, diagnostic.Place{File: Shown(m.dir, m.p.Dir)}
	}},
	{pattern: regexp.MustCompile(`(?:no required module provides|cannot find module providing) package ([^\s;]+)`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		missing, own := found[1], m.path()
		_, emu := strings.CutPrefix(missing, Emu+"/")
		switch {
		case own != "" && (missing == own || strings.HasPrefix(missing, own+"/")):
			return "there is no Go package " + missing + ": module " + own + " has none in its folder ." + strings.TrimPrefix(missing, own),
				"write the package, or mend the import", diagnostic.Place{}
		case emu && regexp.MustCompile(`(?m)^\s*(require\s+)?`+regexp.QuoteMeta(Emu)+`\s+v`).MatchString(m.text):
			return "there is no Go package " + missing + " in module " + Emu + " as go.mod has it",
				"a class imports " + Emu + "/emulator/durable, a program emulator/worker, a test emulator/emutest", diagnostic.Place{}
		case emu:
			return "go.mod does not require module " + Emu, m.getEmu(), diagnostic.Place{}
		}
		return "no module that go.mod requires has Go package " + missing, "go mod tidy, or go get " + missing, diagnostic.Place{}
	}},
	{pattern: regexp.MustCompile(`module (\S+) provides package \S+ and is replaced but not required`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "go.mod replaces module " + found[1] + ", and does not require it", "go mod tidy", m.line(regexp.QuoteMeta(found[1]) + `(\s+v\S+)? =>`)
	}},
	{pattern: regexp.MustCompile(`missing go\.sum entry(?: for module providing package (\S+))?`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		// A sum of it cannot be had, whatever go mod tidy is asked.
		if strings.HasPrefix(found[1], Emu+"/") && requiresNothing.MatchString(m.text) && !strings.Contains(m.text, Emu+" =>") {
			return m.notReplaced()
		}
		return "go.sum lacks sums of modules that the program needs", "go mod tidy", m.line("^module ")
	}},
	{pattern: regexp.MustCompile(`^go: updates to go\.mod needed`), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		return "go.mod does not have all that the program needs", "go mod tidy", m.line("^module ")
	}},
	{pattern: regexp.MustCompile(`([^\s@:]+)@\S+: replacement directory (.+) does not exist`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "go.mod replaces module " + found[1] + " with " + found[2] + ", a folder that does not exist",
			"go mod edit -replace " + found[1] + "=FOLDER, where FOLDER is a checkout of it", m.line(regexp.QuoteMeta(found[1]) + `(\s+v\S+)? =>.*`)
	}},
	{pattern: regexp.MustCompile(`([^\s@:]+)@\S+ \(replaced by (.+)\): reading .*: (?:open|The system cannot)`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "go.mod replaces module " + found[1] + " with " + found[2] + ", a folder without a go.mod",
			"go mod edit -replace " + found[1] + "=FOLDER, where FOLDER is a checkout of it", m.line(regexp.QuoteMeta(found[1]) + `(\s+v\S+)? =>.*`)
	}},
	{pattern: regexp.MustCompile(`^go: (\S+) requires go >= (\S+) \(running go ([^;)\s]+)`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		least := strings.Join(strings.Split(found[3]+"..", ".")[:2], ".")
		if strings.HasSuffix(found[1], "go.mod") {
			return "go.mod asks for Go " + found[2] + ", and this is Go " + found[3],
				"install Go " + found[2] + " from https://go.dev/dl/, or: go mod edit -go=" + least + " -toolchain=none", m.line(`^go\s.*`)
		}
		return "module " + found[1] + " asks for Go " + found[2] + ", and this is Go " + found[3], "install Go " + found[2] + " from https://go.dev/dl/", m.line("^go .*")
	}},
	{pattern: regexp.MustCompile(`^go: download (go[^\s:]+)[^:]*: (.*)`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "go.mod asks for " + found[1] + ", which cannot be had: " + found[2],
			"install it from https://go.dev/dl/, or: go mod edit -go=" + strings.Join(strings.Split(strings.TrimPrefix(runtime.Version(), "go")+"..", ".")[:2], ".") + " -toolchain=none", m.line(`^(go|toolchain)\s.*`)
	}},
	{pattern: regexp.MustCompile(`^go: error reading .*go\.mod: missing module declaration`), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		return "go.mod has no module line", "go mod edit -module=example.com/" + WorkerName(filepath.Dir(m.file)), diagnostic.Place{File: Shown(m.dir, m.file)}
	}},
	{pattern: regexp.MustCompile(`cannot find package "[^"]+" in any of:`), explain: func(*module, []string) (string, string, diagnostic.Place) {
		return "GO111MODULE=off switches Go modules off, and emu is one", "unset GO111MODULE, or: go env -u GO111MODULE", diagnostic.Place{File: "."}
	}},
	{pattern: regexp.MustCompile(`^go: errors parsing `), explain: func(*module, []string) (string, string, diagnostic.Place) {
		return "", "", diagnostic.Place{} // the line that follows says what
	}},
	{pattern: regexp.MustCompile(`^\S*go\.(?:mod|work):\d+(?::\d+)?: (.*)`), explain: func(_ *module, found []string) (string, string, diagnostic.Place) {
		return found[1], "https://go.dev/ref/mod says what may stand there", diagnostic.Place{}
	}},
	{pattern: regexp.MustCompile(`package (\S+) is not in std`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "there is no Go package " + found[1], "Go's own packages are listed at https://pkg.go.dev/std; one of this module is imported as " + cmp.Or(m.path(), "MODULE") + "/FOLDER", diagnostic.Place{}
	}},
	{pattern: regexp.MustCompile(`function main is undeclared in the main package`), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		return "Go package " + m.p.Path(m.dir) + " has no func main", "func main() { worker.Main(durable.WorkerFunc(fetch)) }", diagnostic.Place{File: Shown(m.dir, m.p.Dir)}
	}},
	{pattern: regexp.MustCompile(`(?:package|imports) (\S+): build constraints exclude all Go files in (.+)`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "Go package " + found[1] + " has no file for " + runtime.GOOS + "/" + runtime.GOARCH + ": build constraints exclude all in " + Shown(m.dir, found[2]),
			"see the //go:build lines and the names of its files", diagnostic.Place{}
	}},
	{pattern: regexp.MustCompile(`^go: inconsistent vendoring in `), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		return "the folder vendor is out of step with go.mod", "go mod vendor", m.line("^module ")
	}, whole: true},
	{pattern: regexp.MustCompile(`is not one of the workspace modules listed in go\.work|contained in a module that is not one of the workspace modules`), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		at := diagnostic.Place{}
		if m.file != "" {
			at.File = Shown(m.dir, m.file)
		}
		return "go.work does not use the module of Go package " + m.p.Path(m.dir), "go work use .", at
	}},
	{pattern: regexp.MustCompile(`^go: cannot load module (\S+) listed in go\.work file`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		gone := Shown(m.dir, filepath.Join(m.p.Dir, filepath.FromSlash(found[1])))
		return "go.work uses " + gone + ", a folder without a go.mod", "go work edit -dropuse=./" + gone, diagnostic.Place{}
	}},
	{pattern: regexp.MustCompile(`listed in go\.work file requires go >= (\S+), but go\.work lists go (\S+?);`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "go.work asks for Go " + found[2] + ", and a module that it uses for Go " + found[1], "go work use", diagnostic.Place{}
	}},
	{pattern: regexp.MustCompile(`^verifying (\S+): checksum mismatch`), explain: func(m *module, found []string) (string, string, diagnostic.Place) {
		return "module " + found[1] + " is not what go.sum says it is", "take go.sum back from where it was right: git checkout go.sum", diagnostic.Place{}
	}, whole: true},
	{pattern: regexp.MustCompile(regexp.QuoteMeta(Emu) + `@v0\.0\.0: `), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		return m.notReplaced()
	}},
	{pattern: regexp.MustCompile(`module lookup disabled by GOPROXY=off|dial tcp: lookup \S+`), explain: func(m *module, _ []string) (string, string, diagnostic.Place) {
		return "modules that the program needs are not on this machine, and cannot be fetched", "go mod download, with a network", m.line("^module ")
	}, whole: true},
}

var linePlace = regexp.MustCompile(`^([^\s:]+\.[A-Za-z]+):(\d+)(?::(\d+))?: `)

// Explain turns the go command's output about the package into diagnostics, with files named
// from dir. The rest is the output that it does not explain.
func (p *Package) Explain(said, dir string) (list []diagnostic.Diagnostic, rest string) {
	m := p.module(dir)
	known := false // the line before is explained; indented lines after it belong to it
	var more strings.Builder
	for line := range strings.Lines(said) {
		text := strings.TrimRight(line, "\r\n")
		if known && (strings.HasPrefix(text, "\t") || text == "") {
			continue
		}
		var d *diagnostic.Diagnostic
		d, known = m.explain(text)
		switch {
		case !known:
			more.WriteString(line)
		case d != nil && !slices.ContainsFunc(list, func(other diagnostic.Diagnostic) bool { return other.Text == d.Text }):
			if d.Notes != nil {
				d.Notes[0].Text = strings.TrimSpace(said)
				return append(list, *d), "" // the whole output is about this fault
			}
			list = append(list, *d)
		}
	}
	rest = more.String()
	if len(list) > 0 && onlyHeads(rest) {
		rest = ""
	}
	return list, rest
}

// onlyHeads reports whether lines only name packages and downloads.
func onlyHeads(said string) bool {
	for line := range strings.Lines(said) {
		head := strings.Fields(line)
		if !strings.HasPrefix(line, "go: downloading ") && (len(head) != 2 || head[0] != "#" && head[0] != "package") {
			return false
		}
	}
	return true
}

// explain turns a line into a diagnostic. A line may be known and have none: another one says more.
func (m *module) explain(line string) (d *diagnostic.Diagnostic, known bool) {
	for _, f := range faults {
		found := f.pattern.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		text, hint, at := f.explain(m, found)
		if text == "" {
			return nil, true
		}
		if place := linePlace.FindStringSubmatch(line); place != nil && at.File == "" {
			at = diagnostic.Place{File: filepath.ToSlash(place[1]), Column: 1, Length: 1}
			fmt.Sscan(place[2], &at.Line)
			fmt.Sscan(place[3], &at.Column)
		}
		d := &diagnostic.Diagnostic{Text: text, Hint: m.there(hint), Place: at}
		if f.whole {
			d.Notes = []diagnostic.Note{{}}
		}
		return d, true
	}
	return nil, false
}

// Loads asks the go command to find all packages of the program without fetching any, and
// explains why it cannot. Errors of the compiler are not found here.
func (p *Package) Loads(ctx context.Context, dir string) []diagnostic.Diagnostic {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil
	}
	var said bytes.Buffer
	output := &pathWriter{out: &said, from: p.Dir, dir: dir}
	list, err := p.list(ctx, goTool, append(Native(), "GOPROXY=off"), output)
	output.flush()
	switch {
	case err == nil && !p.direct && !contains(list, workerPackage):
		no := p.noWorker(dir)
		return []diagnostic.Diagnostic{{Text: no.Error(), Hint: no.Hint()}}
	case err == nil, ctx.Err() != nil, strings.Contains(said.String(), "GOPROXY=off"): // the network may have it
		return nil
	}
	faults, rest := p.Explain(said.String(), dir)
	if len(faults) > 0 {
		return faults
	}
	return []diagnostic.Diagnostic{{
		Text: "the go command cannot load Go package " + p.Path(dir), Notes: []diagnostic.Note{{Text: cmp.Or(strings.TrimSpace(rest), err.Error())}},
	}}
}
