package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// loadText reads a configuration that is not on the disk.
func loadText(name string, data []byte) *Result {
	r := &reading{result: &Result{}, source: &source{file: name}, dir: "/nowhere"}
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
	s, _ := newSource("", data)
	lines := strings.Split(s.text, "\n")
	check := func(p Place, line string) {
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
	for _, list := range [][]Diagnostic{r.Errors, r.Warnings, r.Notices} {
		for _, d := range list {
			check(d.Place, d.LineText)
			for _, n := range d.Notes {
				check(n.Place, n.LineText)
			}
		}
	}
	if _, err := json.Marshal(r); err != nil {
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
		start := time.Now()
		r := loadText(name, data)
		if limit := time.Second + time.Duration(len(data))*time.Microsecond; time.Since(start) > limit {
			t.Errorf("%d bytes took %v", len(data), time.Since(start))
		}
		checkPlaces(t, data, r)
		var b bytes.Buffer
		if err := Render(&b, r, Wrapped); err != nil {
			t.Fatal(err)
		}
		checkLines(t, name, b.String())
		// What is accepted has no fault for the reader that names faults, either.
		s, encoding := newSource(name, data)
		if encoding != "" {
			return
		}
		if name == "wrangler.toml" {
			_, found := parseTOML(s)
			if fault := findTOMLFault(s.text); found == nil && fault != nil {
				t.Errorf("accepted in spite of %s", fault.code)
			}
		} else if _, found := parseJSONC(s); (found == nil) != (findJSONCFault(s.text) == nil) && found.code != "crash" {
			t.Errorf("accepted: %v", found == nil)
		}
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

// TestTime loads what takes long if places or names cost more than they should.
func TestTime(t *testing.T) {
	repeat := func(head, item, tail string, n int) []byte {
		return []byte(head + strings.Repeat(item, n) + tail)
	}
	var names, twice strings.Builder
	for i := range 40000 {
		fmt.Fprintf(&names, `"durable_object%d":1,`, i)
		fmt.Fprintf(&twice, `{"name":"N%d","class_name":"A"},{"name":"N%d","class_name":"A"},`, i/2, i/2)
	}
	for _, c := range []struct {
		what, name string
		data       []byte
		ok         bool
	}{
		{"5 MB", "wrangler.jsonc", big("wrangler.jsonc", 5<<20), true},
		{"5 MB", "wrangler.toml", big("wrangler.toml", 5<<20), true},
		{"unknown names in one line", "wrangler.jsonc", []byte("{" + names.String() + `"name":"w"}`), true},
		{"errors in one line", "wrangler.jsonc", repeat(`{"durable_objects":{"bindings":[`, `{"name":1},`, "]}}", 90000), false},
		{"names bound twice", "wrangler.jsonc", []byte(`{"durable_objects":{"bindings":[` + twice.String() + "]}}"), false},
		{"brackets", "wrangler.jsonc", repeat("", "[", "", 1<<20), false},
		{"brackets", "wrangler.toml", repeat("a = ", "[", "", 1<<20), false},
		{"an open string", "wrangler.jsonc", repeat(`{"a": "`, "x", "", 1<<20), false},
		{"headers", "wrangler.toml", repeat("[a", ".b", "]\n", 200000), false},
		{"dotted keys", "wrangler.toml", repeat("routes = [{a", ".b", " = 1}]\n", 200000), false},
		{"deep routes", "wrangler.jsonc", []byte(`{"routes":` + strings.Repeat("[", 990) + strings.Repeat("]", 990) + "}"), false},
		{"tables", "wrangler.toml", repeat("", "[[vars.a]]\nb.c = 1\n", "", 40000), true},
	} {
		start := time.Now()
		r := loadText(c.name, c.data)
		if (r.Config != nil) != c.ok {
			t.Errorf("%s, %s: accepted %v: %v", c.name, c.what, !c.ok, r.Errors[:min(len(r.Errors), 1)])
		}
		took := time.Since(start)
		t.Logf("%s, %s: %v", c.name, c.what, took)
		if took > 10*time.Second { // twenty times what it takes, for slow machines
			t.Errorf("%s, %s: took %v", c.name, c.what, took)
		}
	}
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
