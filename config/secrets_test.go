package config

import (
	"runtime"
	"strconv"
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

// TestVariablesThatDouble: variables that double each other are refused where the first
// becomes too long, before memory is gone. Wrangler ends with "Invalid string length".
func TestVariablesThatDouble(t *testing.T) {
	doubling := func(line string, n int) string {
		lines := []string{"# a comment", "A0=xxxxxxxxxx"}
		for i := 1; i <= n; i++ {
			lines = append(lines, strings.NewReplacer("THIS", "A"+strconv.Itoa(i), "LAST", "A"+strconv.Itoa(i-1)).Replace(line))
		}
		return strings.Join(lines, "\n") + "\n"
	}
	many := "BIG=" + strings.Repeat("x", 1<<19) + "\n"
	for i := range 1000 {
		many += "V" + strconv.Itoa(i) + "=$BIG\n"
	}
	for name, test := range map[string]struct {
		text string
		line int // 0 is not to be refused
	}{
		"twice":             {doubling("THIS=${LAST}${LAST}", 40), 19},
		"quoted":            {doubling("THIS=\"$LAST $LAST\"", 40), 19},
		"as a default":      {doubling("THIS=${NONE:-${LAST}${LAST}}", 40), 19},
		"few":               {doubling("THIS=${LAST}${LAST}", 10), 0},
		"one after another": {doubling("THIS=${LAST}", 1000), 0},
		"long, many times":  {many, 129},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"wrangler.jsonc": `{"name": "w"}`, ".env": test.text})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := Load(Options{Dir: dir})
			runtime.ReadMemStats(&after)
			if made := after.TotalAlloc - before.TotalAlloc; made > 1<<29 {
				t.Errorf("%d MiB were allocated", made>>20)
			}
			if (r.Config != nil) != (test.line == 0) {
				t.Fatalf("errors: %v", r.Errors)
			}
			if test.line > 0 && (len(r.Errors) != 1 || r.Errors[0].Place.File != ".env" || r.Errors[0].Place.Line < test.line-2 || r.Errors[0].Place.Line > test.line+2) {
				t.Errorf("%+v, want line %d", r.Errors, test.line)
			}
		})
	}
}

func TestVariableThatRefersToItself(t *testing.T) {
	for _, text := range []string{"${A}x", "$B", "x${B}", "${B:-$B}", "${A:-${B}${B}}$A"} {
		vars, d := expand([]variable{{name: "A", text: `\$A\$A`}, {name: "B", text: text}}, variables{})
		if d == nil && len(vars.get("B")) > 1<<20 {
			t.Errorf("%s grows without an end", text)
		}
	}
}

// FuzzDotenv: whatever a .env file holds, its variables stay within their bounds.
func FuzzDotenv(f *testing.F) {
	for _, text := range []string{"A=1\nB=${A}${A}\nC=\"$B $B\"\n", "A=$A", `A=\$A\$A`, "A=${B:-${A}}\r\nB='$A'", "export A: `x\n`#"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		vars, d := expand(parseDotenv(".env", text), variables{})
		if d != nil && (d.Place.Line < 1 || d.Place.Line > strings.Count(strings.ReplaceAll(text, "\r\n", "\n"), "\n")+strings.Count(text, "\r")+1) {
			t.Errorf("place %+v", d.Place)
		}
		for _, v := range vars.list {
			if len(v.text) > max(len(text), maxExpanded) {
				t.Errorf("%s has %d bytes", v.name, len(v.text))
			}
		}
	})
}
