package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// loadText reads a configuration that is not on the disk.
func loadText(name string, data []byte) *Result {
	r := &reading{result: &Result{}, source: &diagnostic.Source{File: name}, dir: "/nowhere"}
	r.files.config = "/nowhere/" + name
	r.files.user = r.files.config
	if r.parse(data) {
		r.check()
	}
	return r.result
}

// checkPlaces asks that every place lies in the file and comes with its line.
func checkPlaces(t *testing.T, data []byte, r *Result) {
	t.Helper()
	if r.Config == nil && len(r.Errors) == 0 {
		t.Error("refused without an error")
	}
	s, _ := diagnostic.NewSource("", data)
	lines := strings.Split(s.Text, "\n")
	check := func(p diagnostic.Place, line string) {
		if p.Line == 0 {
			return
		}
		if p.Line > len(lines) {
			t.Fatalf("line %d of %d", p.Line, len(lines))
		}
		want := strings.TrimSuffix(lines[p.Line-1], "\r")
		if n := utf8.RuneCountInString(lines[p.Line-1]); p.Column < 1 || p.Length < 0 || p.Column+p.Length > n+2 {
			t.Errorf("column %d, length %d of %d", p.Column, p.Length, n)
		}
		if line != want && p.Column > 0 && line != "" {
			t.Errorf("line %q, want %q", line, want)
		}
	}
	for _, list := range [][]diagnostic.Diagnostic{r.Errors, r.Warnings, r.Notices} {
		for _, d := range list {
			check(d.Place, d.LineText)
			for _, n := range d.Notes {
				check(n.Place, n.LineText)
			}
		}
	}
	texts := []any{r.Errors, r.Warnings, r.Notices}
	if r.Config != nil {
		texts = append(texts, r.Config.Normalized())
	}
	if _, err := json.Marshal(texts); err != nil {
		t.Error(err)
	}
}

func fuzz(f *testing.F, name string) {
	paths, err := filepath.Glob(filepath.Join(corpus, "*", "wrangler*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) < 1<<14 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := loadText(name, data)
		checkPlaces(t, data, r)
		var b bytes.Buffer
		if err := renderAll(&b, r); err != nil {
			t.Fatal(err)
		}
		checkRendered(t, name, b.String())
	})
}

func FuzzJSONC(f *testing.F) { fuzz(f, "wrangler.jsonc") }

func FuzzTOML(f *testing.F) { fuzz(f, "wrangler.toml") }

// big makes a valid configuration of about so many bytes.
func big(name string, size int) []byte {
	var b bytes.Buffer
	toml := name == "wrangler.toml"
	if toml {
		b.WriteString("name = \"w\"\nmain = \"a.js\"\n[vars]\n")
	} else {
		b.WriteString("{\"name\": \"w\", \"main\": \"a.js\", // comment\n \"vars\": {\n")
	}
	for i := 0; b.Len() < size; i++ {
		if toml {
			fmt.Fprintf(&b, "VAR_%d = {text = \"some text %d\", list = [1, 2.5, true]}\n", i, i)
		} else {
			fmt.Fprintf(&b, "  \"VAR_%d\": {\"text\": \"some text %d\", \"list\": [1, 2.5, true]},\n", i, i)
		}
	}
	if !toml {
		b.WriteString("}}")
	}
	return b.Bytes()
}

// TestTime loads what takes long if places or names cost more than they should: four
// times as much may not take the processor eight times as long. A busy machine spoils a
// measurement, not all of them.
func TestTime(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	repeat := func(name, head, item, tail string, n int) input {
		return func(part int) (string, []byte) { return name, []byte(head + strings.Repeat(item, n/part) + tail) }
	}
	numbered := func(head, item, tail string, n int) input {
		return func(part int) (string, []byte) {
			var b strings.Builder
			for i := range n / part {
				fmt.Fprintf(&b, item, i)
			}
			return "wrangler.jsonc", []byte(head + b.String() + tail)
		}
	}
	sized := func(name string) input {
		return func(part int) (string, []byte) { return name, big(name, 2<<20/part) }
	}
	for _, c := range []struct {
		what  string
		input input
		ok    bool
	}{
		{"JSONC", sized("wrangler.jsonc"), true},
		{"TOML", sized("wrangler.toml"), true},
		{"unknown names in one line", numbered("{", `"durable_object%d":1,`, `"name":"w"}`, 40000), true},
		{"errors in one line", repeat("wrangler.jsonc", `{"durable_objects":{"bindings":[`, `{"name":1},`, "]}}", 90000), false},
		{"names bound twice", numbered(`{"durable_objects":{"bindings":[`, `{"name":"N%d","class_name":"A"},{"name":"N%[1]d","class_name":"A"},`, "]}}", 40000), false},
		{"brackets in JSONC", repeat("wrangler.jsonc", "", "[", "", 1<<20), false},
		{"brackets in TOML", repeat("wrangler.toml", "a = ", "[", "", 1<<20), false},
		{"an open string", repeat("wrangler.jsonc", `{"a": "`, "x", "", 1<<20), false},
		{"headers", repeat("wrangler.toml", "[a", ".b", "]\n", 200000), false},
		{"dotted keys", repeat("wrangler.toml", "routes = [{a", ".b", " = 1}]\n", 200000), false},
		{"tables", repeat("wrangler.toml", "", "[[vars.a]]\nb.c = 1\n", "", 40000), true},
	} {
		t.Run(c.what, func(t *testing.T) {
			least := time.Duration(math.MaxInt64)
			for range 5 {
				quarter, whole := c.input.load(t, 4, c.ok), c.input.load(t, 1, c.ok)
				t.Logf("%v, a quarter of it %v", whole, quarter)
				if least = min(least, whole); least < 8*quarter {
					return
				}
			}
			t.Error("it takes more than it should")
		})
	}
}

// input makes a configuration, or a part of it, with its name.
type input func(part int) (name string, data []byte)

// load returns how long it takes.
func (i input) load(t *testing.T, part int, ok bool) time.Duration {
	name, data := i(part)
	runtime.GC() // none comes in between
	start := processorTime()
	r := loadText(name, data)
	took := processorTime() - start
	if (r.Config != nil) != ok {
		t.Fatalf("accepted %v: %v", !ok, r.Errors[:min(len(r.Errors), 1)])
	}
	return took
}

func benchmark(b *testing.B, name string, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if r := loadText(name, data); r.Config == nil {
			b.Fatal(r.Errors)
		}
	}
}

func BenchmarkMegabyteJSONC(b *testing.B) {
	benchmark(b, "wrangler.jsonc", big("wrangler.jsonc", 1<<20))
}

func BenchmarkMegabyteTOML(b *testing.B) {
	benchmark(b, "wrangler.toml", big("wrangler.toml", 1<<20))
}

// BenchmarkSeed loads the seed's configuration from the disk.
func BenchmarkSeed(b *testing.B) {
	_, _, o := readCase(b, "001-seed-jsonc")
	b.ReportAllocs()
	for b.Loop() {
		if r := Load(o); r.Config == nil {
			b.Fatal(r.Errors)
		}
	}
}
