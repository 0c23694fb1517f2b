package config

import (
	"strings"
	"testing"
)

// TestDotenv has what dotenv 16 and dotenv-expand 12 make of the file in Wrangler 4.164.0.
func TestDotenv(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"wrangler.jsonc": `{"name": "w", "vars": {"PLAIN": 1}}`,
		".env": strings.Join([]string{
			"PLAIN=one", "SPACES =  two words  # comment", "export EXPORTED=three", "COLON: four", `SINGLE='$PLAIN \n'`, `DOUBLE="a\nb"`,
			"BACK=`x \"y\" 'z'`", "HASH=a#b", `QUOTED="a # b"`, "EMPTY=", `OPEN="abc`, "REF=$PLAIN", "BRACES=${PLAIN}-x", "DEFAULT=${NONE:-other}",
			"DASH=${NONE-other}", "PLUS=${PLAIN:+set}", "NOPLUS=${NONE:+set}", "NESTED=${NONE:-${PLAIN}}", `ESCAPED=\$PLAIN`, "TWICE=1", "TWICE=2",
			"not a line", "MULTI=\"first", "second\"",
		}, "\n"),
	})
	r := Load(Options{Dir: dir})
	if r.Config == nil {
		t.Fatal(r.Errors)
	}
	want := map[string]string{
		"PLAIN": "one", "SPACES": "two words", "EXPORTED": "three", "COLON": "four", "SINGLE": `one \n`, "DOUBLE": "a\nb", "BACK": `x "y" 'z'`,
		"HASH": "a", "QUOTED": "a # b", "EMPTY": "", "OPEN": `"abc`, "REF": "one", "BRACES": "one-x", "DEFAULT": "other", "DASH": "other",
		"PLUS": "set", "NOPLUS": "", "NESTED": "one", "ESCAPED": "$PLAIN", "TWICE": "2", "MULTI": "first\nsecond",
	}
	if len(r.Config.Vars) != len(want) {
		t.Errorf("%d variables, want %d", len(r.Config.Vars), len(want))
	}
	for _, v := range r.Config.Vars {
		if text, ok := want[v.Name]; !ok || !v.Secret || !v.IsText || v.Text != text {
			t.Errorf("%s is %q, want %q", v.Name, v.Text, text)
		}
	}
	if strings.Join(r.SecretFiles, " ") != ".env" {
		t.Errorf("files: %v", r.SecretFiles)
	}
}

func TestVarsOfTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"wrangler.jsonc": `{"name": "w", "vars": {"A": 1}, "secrets": {"required": ["A", "B", "C"]}, "kv_namespaces": [{"binding": "KV"}]}`,
		".dev.vars":      "A=file\nB=file\nKV=file\nD=file\n",
	})
	r := Load(Options{Dir: dir, Vars: []string{"A:x:y", "E:new"}})
	// A is both a variable and a secret, which Wrangler refuses.
	if r.Config != nil {
		t.Fatal("A is bound twice")
	}
	write(t, dir, map[string]string{"wrangler.jsonc": `{"name": "w", "vars": {"A": 1}, "secrets": {"required": ["B", "C"]}, "kv_namespaces": [{"binding": "KV"}]}`})
	r = Load(Options{Dir: dir, Vars: []string{"A:x:y", "E:new"}})
	var got []string
	for _, v := range r.Config.Vars {
		got = append(got, v.Name+"="+v.Text)
	}
	if strings.Join(got, " ") != "A=x:y B=file E=new" {
		t.Errorf("got %v", got)
	}
	if len(r.Notices) != 1 || r.Notices[0].Text != "Missing required secrets: C. Add them to .dev.vars, .env, or set as environment variables." {
		t.Errorf("notices: %+v", r.Notices)
	}
}

func TestVariableThatRefersToItself(t *testing.T) {
	vars := expand([]variable{{"A", `\$A\$A`}, {"B", "${A}x"}}, variables{})
	if len(vars.get("B")) > 1<<20 {
		t.Error("grows without an end")
	}
}
