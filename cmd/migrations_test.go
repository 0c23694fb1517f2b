package emucmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/program"
)

// TestMigrationsOfProgram: a program knows which classes it exports; emu itself does not.
func TestMigrationsOfProgram(t *testing.T) {
	dir := t.TempDir()
	text := `{"name": "w", "migrations": [{"tag": "v1", "new_sqlite_classes": ["Old"]}, {"tag": "v2", "new_sqlite_classes": ["New"]}]}`
	if err := os.WriteFile(filepath.Join(dir, "wrangler.jsonc"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		program program.Maker
		code    int
		says    []string
	}{
		{"emu", nil, exitOK, nil},
		{"program", &program.Linked{}, exitError, []string{"does not export class 'Old'", "[code: 10064]", "class 'New' that is not exported by script [code: 10070]"}},
	} {
		code, stdout, stderr := run(Command{Dir: dir, Maker: test.program}, "migrations", "check", "--assume-deployed", "v1")
		if code != test.code || strings.Contains(stdout, ": ok (compared with migration v1)") != (code == exitOK) {
			t.Errorf("%s: exit code %d\n%s%s", test.name, code, stdout, stderr)
		}
		for _, want := range test.says {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: %q is not in\n%s", test.name, want, stderr)
			}
		}
	}
}
