package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// corpus holds configurations with what Wrangler 4.164.0 makes of them.
const corpus = "../fixtures/config"

// difference is one way in which emu reads a configuration differently from Wrangler, on
// purpose. Cases are the numbers of the recorded cases that show it.
type difference struct {
	ID, What, Why string
	Cases         []string
}

// differences reads all of them.
func differences(t *testing.T) (all []difference) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "differences.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// recorded is what was recorded of one case.
type recorded struct {
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
	Errors, Warnings []struct {
		Text string
		Path []string
	}
	Fatal *struct {
		Kind, Text string
		Notes      []string
		Location   struct{ Line, Column int }
	}
	Normalized map[string]any
	// A big case keeps counts of its vars and bindings instead.
	VarsCount     *int           `json:"normalized_vars_count"`
	BindingsCount *int           `json:"normalized_bindings_count"`
	DevVars       map[string]any `json:"dev_vars"`
	DevVarsLog    []string       `json:"dev_vars_log"`
}

// readCase gives a case's folder, what was recorded of it, and what to load.
func readCase(t testing.TB, id string) (string, recorded, Options) {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(corpus, id))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want recorded
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	a := want.Input.Args
	o := Options{
		Dir: filepath.Join(dir, want.Input.Cwd), Config: a.Config, Env: a.Env, Script: a.Script,
		EnvFiles: a.EnvFile, LocalProtocol: a.LocalProtocol,
		Getenv: func(name string) (string, bool) { v, ok := want.Input.Env[name]; return v, ok },
	}
	for name, v := range want.Input.Env {
		if !strings.HasPrefix(name, "CLOUDFLARE_") { // not recorded
			o.Environ = append(o.Environ, name+"="+v)
		}
	}
	return dir, want, o
}

func cases(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() {
			ids = append(ids, e.Name())
		}
	}
	return ids
}

func TestGolden(t *testing.T) {
	different := map[string]string{}
	for _, d := range differences(t) {
		for _, id := range d.Cases {
			different[id] = d.ID
		}
	}
	equal, wrong := 0, 0
	ids := cases(t)
	for _, id := range ids {
		t.Run(id, func(t *testing.T) {
			dir, want, o := readCase(t, id)
			problems := compare(dir, want, Load(o))
			switch {
			case different[id[:3]] != "" && problems == nil:
				t.Errorf("is equal, but is listed as %s", different[id[:3]])
			case different[id[:3]] == "code" && (len(problems) != 1 || !strings.HasPrefix(problems[0], "code ")):
				t.Errorf("more than the code word differs:\n%s", strings.Join(problems, "\n"))
			case different[id[:3]] != "":
				return
			case problems != nil:
				wrong++
				t.Error(strings.Join(problems, "\n"))
			default:
				equal++
			}
		})
	}
	t.Logf("%d cases: %d equal, %d differ on purpose, %d wrong", len(ids), equal, len(ids)-equal-wrong, wrong)
	if len(different) > 12 {
		t.Errorf("%d cases differ on purpose", len(different))
	}
}

// compare says what of a result is not as recorded.
func compare(dir string, want recorded, got *Result) (problems []string) {
	say := func(s string) { problems = append(problems, s) }
	if got.Config != nil != want.OK || got.Config != nil && len(got.Errors) > 0 {
		say("accepted: " + boolText(got.Config != nil) + ", recorded: " + boolText(want.OK))
	}
	if want.Fatal != nil {
		return append(problems, compareFatal(dir, want, got)...)
	}
	list := func(ds []diagnostic.Diagnostic) (lines []string) {
		for _, d := range ds {
			lines = append(lines, strings.Join(append(d.Path[:len(d.Path):len(d.Path)], d.Text), " > "))
		}
		return lines
	}
	recordedList := func(ds []struct {
		Text string
		Path []string
	}) (lines []string) {
		for _, d := range ds {
			lines = append(lines, strings.Join(append(d.Path[:len(d.Path):len(d.Path)], d.Text), " > "))
		}
		return lines
	}
	if g, w := list(got.Errors), recordedList(want.Errors); !reflect.DeepEqual(g, w) {
		say("errors:\n\t" + strings.Join(g, "\n\t") + "\nrecorded:\n\t" + strings.Join(w, "\n\t"))
	}
	if g, w := list(got.Warnings), recordedList(want.Warnings); !reflect.DeepEqual(g, w) {
		say("warnings:\n\t" + strings.Join(g, "\n\t") + "\nrecorded:\n\t" + strings.Join(w, "\n\t"))
	}
	if got.Config == nil {
		return problems
	}
	var normal map[string]any
	text := strings.ReplaceAll(string(got.Config.Normalized()), filepath.ToSlash(dir), "<CASE>")
	text = strings.ReplaceAll(text, filepath.ToSlash(filepath.Dir(dir)), "<CASES>")
	if err := json.Unmarshal([]byte(text), &normal); err != nil {
		say(err.Error())
	}
	for _, field := range []string{"name", "main", "compatibility_date", "compatibility_flags", "durable_objects", "migrations", "exports", "vars", "definedEnvironments", "dev"} {
		w, ok := want.Normalized[field]
		if !ok && want.VarsCount != nil || reflect.DeepEqual(normal[field], w) {
			continue
		}
		g, _ := json.Marshal(normal[field])
		v, _ := json.Marshal(w)
		say(field + ": " + string(g) + "\nrecorded: " + string(v))
	}
	if n := want.VarsCount; n != nil && (*n != len(got.Config.Vars) || *want.BindingsCount != len(got.Config.Bindings)) {
		say("other counts of vars and bindings")
	}
	if want.DevVars != nil {
		problems = append(problems, compareVars(want, got)...)
	}
	return problems
}

func boolText(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func compareFatal(dir string, want recorded, got *Result) (problems []string) {
	if len(got.Errors) == 0 {
		return []string{"no error"}
	}
	d := got.Errors[0]
	switch want.Fatal.Kind {
	case "exception":
		for _, e := range got.Errors {
			if e.Code == "crash" {
				return nil
			}
		}
		return []string{"no crash: " + d.Text}
	case "parse":
		if d.Code != want.Fatal.Text {
			problems = append(problems, "code "+d.Code+", recorded: "+want.Fatal.Text)
		}
		if d.Place.Line != want.Fatal.Location.Line {
			problems = append(problems, "line of "+d.Text+" differs")
		}
		for i, note := range want.Fatal.Notes {
			if i >= len(d.Notes) || strings.ReplaceAll(d.Notes[i].Text, filepath.ToSlash(dir), "<CASE>") != note {
				problems = append(problems, "no note "+note)
			}
		}
	default:
		if d.Text != want.Fatal.Text && want.Fatal.Text != "" {
			problems = append(problems, d.Text+"\nrecorded: "+want.Fatal.Text)
		}
	}
	return problems
}

func compareVars(want recorded, got *Result) (problems []string) {
	vars := map[string]any{}
	for _, v := range got.Config.Vars {
		var x any
		if err := json.Unmarshal(v.JSON, &x); err != nil {
			problems = append(problems, v.Name+": "+err.Error())
		}
		kind := "json"
		if v.Secret {
			kind = "secret_text"
		} else if v.IsText {
			kind = "plain_text"
		}
		vars[v.Name] = map[string]any{"type": kind, "value": x}
	}
	if !reflect.DeepEqual(vars, want.DevVars) {
		g, _ := json.Marshal(vars)
		w, _ := json.Marshal(want.DevVars)
		problems = append(problems, "vars: "+string(g)+"\nrecorded: "+string(w))
	}
	return problems
}
