package emucmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// corpus holds configurations, each with what Wrangler 4.164.0 said of it.
const corpus = "../fixtures/config"

// expected is the recording of a configuration.
type expected struct {
	Input struct {
		Cwd  string
		Args struct {
			Config        string   `json:"config"`
			Env           *string  `json:"env"`
			Script        string   `json:"script"`
			EnvFile       []string `json:"env-file"`
			LocalProtocol string   `json:"localProtocol"`
		}
		Env map[string]string
	}
	OK               bool
	Errors, Warnings []struct{ Text string }
	Fatal            *struct {
		Kind, Text string
		Location   struct{ Line int }
	}
	Normalized map[string]json.RawMessage
	// A big configuration keeps a count instead.
	VarsCount *int `json:"normalized_vars_count"`
}

// said is a diagnostic as emu check prints it.
type said struct {
	Text, Code, File string
	Line, Column     int
}

// args are the case as a command line.
func (r *expected) args() []string {
	args := []string{"check", "--json"}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	a := r.Input.Args
	add("--config", a.Config)
	if a.Env != nil {
		args = append(args, "--env="+*a.Env)
	}
	for _, f := range a.EnvFile {
		add("--env-file", f)
	}
	add("--local-protocol", a.LocalProtocol)
	if a.Script != "" {
		args = append(args, a.Script)
	}
	return args
}

// normalFields are the fields of the configuration that are compared.
var normalFields = []string{
	"name", "main", "compatibility_date", "compatibility_flags", "durable_objects", "migrations", "exports", "vars", "definedEnvironments", "dev",
}

// startRefuses maps the numbers of configurations that Wrangler reads, but a start refuses, to
// what emu check says of them besides the recording.
var startRefuses = map[string][]string{
	"075": {"binding OTHER is to class Other of another Worker, other-worker; emu runs one Worker"},
	"077": {"Cannot apply renamed_classes migration to non-existent class Old"},
	"099": {"service core:user:w: No such compatibility flag: a", "service core:user:w: No such compatibility flag: b"},
	"149": {`Compatibility date "2999-01-01" is in the future and unsupported`},
	"153": {"service core:user:w: No such compatibility flag: no_such_flag"},
	"223": {"binding REMOTE is to class Counter of another Worker, other; emu runs one Worker"},
	"249": {"binding C is to class C of another Worker, other; emu runs one Worker"},
	"262": {`"migrations[0].tag" must be a non-empty string`},
	"264": {"Cannot apply new_classes migration to existing class Counter"},
	"283": {"Cannot apply --delete-class migration to class 'Counter' without also removing the binding that references it. [code: 10061]"},
	"339": {"binding SVC is to another Worker, other; emu runs one Worker"},
}

// TestCheckGolden: emu check says of every recorded configuration what Wrangler says,
// and what a start refuses of it.
func TestCheckGolden(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(corpus, "differences.json"))
	if err != nil {
		t.Fatal(err)
	}
	var differences []struct{ Cases []string }
	if err := json.Unmarshal(data, &differences); err != nil {
		t.Fatal(err)
	}
	different := map[string]bool{}
	for _, d := range differences {
		for _, id := range d.Cases {
			different[id] = true
		}
	}
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	all, equal := 0, 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		all++
		t.Run(e.Name(), func(t *testing.T) {
			dir, err := filepath.Abs(filepath.Join(corpus, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			differs := checkCase(t, dir)
			switch {
			case different[e.Name()[:3]]:
			case differs != nil:
				t.Error(strings.Join(differs, "\n"))
			default:
				equal++
			}
		})
	}
	t.Logf("%d configurations: %d as recorded, %d others", all, equal, all-equal)
}

// checkCase runs emu check on a case and says what is not as recorded.
func checkCase(t *testing.T, dir string) (differs []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want expected
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	c := Command{Dir: filepath.Join(dir, want.Input.Cwd)}
	for name, value := range want.Input.Env {
		c.Environ = append(c.Environ, name+"="+value)
	}
	code, stdout, stderr := run(c, want.args()...)
	var got struct {
		OK               bool
		Config           map[string]json.RawMessage
		Errors, Warnings []said
	}
	if n := strings.Count(stdout, "\n"); n != 1 || stderr != "" {
		t.Errorf("printed %d lines, and on stderr %q", n, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	if wantCode := map[bool]int{true: exitOK, false: exitError}[got.OK]; code != wantCode || (got.Config != nil) != got.OK {
		t.Errorf("ok %t with exit code %d and configuration %v", got.OK, code, got.Config)
	}
	for _, s := range slices.Concat(got.Errors, got.Warnings) {
		if s.Text == "" || (s.Line > 0) != (s.Column > 0) || s.Line > 0 && s.File == "" {
			t.Errorf("%+v", s)
		}
	}
	say := func(what string, got, want any) { differs = append(differs, jsonText(t, what, got, want)) }
	starts := startRefuses[filepath.Base(dir)[:3]]
	want.OK = want.OK && starts == nil
	for _, text := range starts {
		want.Errors = append(want.Errors, struct{ Text string }{text})
	}
	if got.OK != want.OK {
		say("ok", got.OK, want.OK)
	}
	if f := want.Fatal; f != nil {
		if !slices.ContainsFunc(got.Errors, func(e said) bool {
			switch f.Kind {
			case "parse":
				return e.Code == f.Text && e.Line == f.Location.Line
			case "exception":
				return e.Code == "crash"
			}
			return f.Text == "" || e.Text == f.Text
		}) {
			say("errors", got.Errors, f)
		}
		return differs
	}
	texts := func(list []said) []string {
		all := []string{}
		for _, s := range list {
			all = append(all, s.Text)
		}
		return all
	}
	recordedTexts := func(list []struct{ Text string }) []string {
		all := []string{}
		for _, s := range list {
			all = append(all, s.Text)
		}
		return all
	}
	if g, w := texts(got.Errors), recordedTexts(want.Errors); !slices.Equal(g, w) {
		say("errors", g, w)
	}
	if g, w := texts(got.Warnings), recordedTexts(want.Warnings); !slices.Equal(g, w) {
		say("warnings", g, w)
	}
	if !got.OK {
		return differs
	}
	place := strings.NewReplacer(filepath.ToSlash(dir), "<CASE>", filepath.ToSlash(filepath.Dir(dir)), "<CASES>")
	for _, field := range normalFields {
		if _, ok := want.Normalized[field]; !ok && want.VarsCount != nil {
			continue
		}
		g, w := plain(t, []byte(place.Replace(string(got.Config[field])))), plain(t, want.Normalized[field])
		if !reflect.DeepEqual(g, w) {
			say(field, g, w)
		}
	}
	return differs
}

func plain(t *testing.T, data json.RawMessage) (v any) {
	t.Helper()
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func jsonText(t *testing.T, what string, got, want any) string {
	t.Helper()
	g, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	return what + ": " + string(g) + "\nrecorded: " + string(w)
}
