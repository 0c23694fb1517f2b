package migrations

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/seed-36a2c969/emu/migrations/folder"
)

func TestCheckWrangler(t *testing.T) {
	persist := t.TempDir()
	check := func() error { return folder.CheckWrangler(persist, []string{"w-Other", "w-Obj"}) }
	dir := filepath.Join(folder.Dir(persist), "w-Obj")
	if err := check(); err != nil {
		t.Fatalf("of a folder that is not there: %v", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(dir, "metadata.sqlite-wal")
	if err := os.WriteFile(wal, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	start := func(name string) *exec.Cmd {
		program := filepath.Join(t.TempDir(), name) // by which the system lists the process
		if err := os.Symlink(os.Args[0], program); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "MIGRATIONS_TEST_OPEN="+wal)
		other(t, cmd)
		return cmd
	}
	start("sqlite3")
	if err := check(); err != nil {
		t.Errorf("of who only looks at the files: %v", err)
	}
	workerd := start("workerd")
	want := fmt.Sprintf("a running wrangler dev (its workerd is pid %d) has %s open", workerd.Process.Pid, dir)
	if err := check(); err == nil || err.Error() != want {
		t.Errorf("error %v, want process %d", err, workerd.Process.Pid)
	}
	if err := folder.CheckWrangler(persist, []string{"another-Obj"}); err != nil {
		t.Errorf("of another Worker's namespace: %v", err)
	}
	if err := folder.CheckWrangler("", []string{"w-Obj"}); err != nil {
		t.Errorf("in memory: %v", err)
	}
	workerd.Process.Kill()
	workerd.Wait()
	if err := check(); err != nil {
		t.Errorf("after its end: %v", err)
	}
}
