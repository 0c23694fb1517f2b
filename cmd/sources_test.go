//go:build unix

package emucmd

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// sourced is a program of two packages, with an embedded folder.
const sourced = `package main

import (
	"context"
	"embed"
	"io/fs"
	"strings"

	"example.com/edited/said"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/worker"
)

//go:embed pages
var pages embed.FS

func fetch(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	names, err := fs.Glob(pages, "pages/*")
	return durable.Text(200, said.What+" "+strings.Join(names, " ")), err
}

func main() { worker.Main(durable.WorkerFunc(fetch)) }
`

// TestSources: whatever happens to a program's files and their folders, emu serves in the end
// what is on the disk.
func TestSources(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	dir := editedProject(t)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		do(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		save(t, dir, name, text)
	}
	move := func(from, to string) {
		t.Helper()
		do(os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)))
	}
	says := func(what string) string { return "package said\n\nconst What = \"" + what + "\"\n" }
	do(os.Remove(filepath.Join(dir, "main.go")))
	write("wrangler.jsonc", `{"name": "edited", "main": "src", "compatibility_date": "2026-11-17"}`)
	write("src/main.go", sourced)
	write("src/pages/a.txt", "")
	write("said/said.go", says("first"))
	s := watching(t, dir, "TMPDIR="+temp)
	served := func(want string) {
		t.Helper()
		waitForAnswer(t, s, want)
	}
	served("first pages/a.txt")

	t.Log("a package that goes and comes back")
	do(os.RemoveAll(filepath.Join(dir, "said")))
	waitForMany(t, s, "package example.com/edited/said", 1)
	write("said/said.go", says("second"))
	served("second pages/a.txt")
	write("said/said.go", says("third"))
	served("third pages/a.txt")

	t.Log("one that is moved away and back, with an edit")
	move("said", "other")
	waitForMany(t, s, "package example.com/edited/said", 2)
	move("other", "said")
	write("said/said.go", says("fourth"))
	served("fourth pages/a.txt")

	t.Log("the program itself")
	move("src", "elsewhere")
	waitForMany(t, s, "cannot run src", 1)
	move("elsewhere", "src")
	write("said/said.go", says("fifth"))
	served("fifth pages/a.txt")

	t.Log("a package that is imported before it is there")
	write("src/main.go", strings.Replace(sourced, "import (", "import (\n\t_ \"example.com/edited/late/deep\"", 1))
	waitForMany(t, s, "late/deep", 1)
	write("late/deep/deep.go", "package deep\n\nimport \"example.com/edited/said\"\n\nvar _ = said.What\n")
	write("src/pages/b.txt", "")
	served("fifth pages/a.txt pages/b.txt")

	t.Log("an embedded file in a folder that was empty")
	do(os.Remove(filepath.Join(dir, "src/pages/b.txt")))
	served("fifth pages/a.txt")

	t.Log("what symbolic links lead to")
	write("shared/said.txt", says("sixth"))
	do(os.Remove(filepath.Join(dir, "said/said.go")))
	do(os.Symlink("../shared/said.txt", filepath.Join(dir, "said/said.go")))
	served("sixth pages/a.txt")
	write("shared/said.txt", says("seventh"))
	served("seventh pages/a.txt")

	t.Log("the configuration")
	ready := strings.Count(s.said(), "Local server updated and ready")
	move("wrangler.jsonc", "shared/c.jsonc")
	waitForMany(t, s, "the configuration wrangler.jsonc is gone", 1)
	do(os.Symlink("shared/c.jsonc", filepath.Join(dir, "wrangler.jsonc")))
	ready++
	waitForMany(t, s, "Local server updated and ready", ready)
	write("shared/c.jsonc", `{"name": "edited", "main": "src/main.go", "compatibility_date": "2026-11-17"}`)
	waitForMany(t, s, "Local server updated and ready", ready+1)

	t.Log("edits while it is built")
	for range 3 {
		write("shared/said.txt", says("never mind"))
		await(t, "build", func() bool { return runtime.GOOS != "linux" || processes(s) > 2 })
	}
	write("shared/said.txt", says("last"))
	served("last pages/a.txt")
	interruptAll(t, s)
	if left, _ := filepath.Glob(filepath.Join(temp, "*-build*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestCompilerPlaces: the compiler's errors name files relative to the user's folder.
func TestCompilerPlaces(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	if err := os.MkdirAll(filepath.Join(dir, "src"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "main.go"), filepath.Join(dir, "src/main.go")); err != nil {
		t.Fatal(err)
	}
	save(t, dir, "wrangler.jsonc", `{"name": "edited", "main": "src", "compatibility_date": "2026-11-17"}`)
	s := watching(t, dir)
	text, err := os.ReadFile(filepath.Join(dir, "src/main.go"))
	if err != nil {
		t.Fatal(err)
	}
	save(t, dir, "src/main.go", strings.Replace(string(text), "durable.Text", "durable.Tex", 1))
	waitFor(t, s, "\nsrc/main.go:15:17: undefined: durable.Tex")
	interruptAll(t, s)
}

// TestOutputBreaks: emu serves on when its output is closed, as in
// emu dev | grep -m1 Ready.
func TestOutputBreaks(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	s := watching(t, dir)
	s.pipe.Close()
	a := &asker{method: "GET", url: s.url}
	for range 3 {
		if err := a.ask(); err != nil || a.last != "version 0" {
			t.Fatalf("answered %q, %v", a.last, err)
		}
	}
}

// behindGo is a go command that runs the script $BEHIND_BUILD right after a build, when the
// build has read its files. While there is a script, "go list" waits.
const behindGo = `#!/bin/sh
[ "$1" = list ] && while [ -e "$BEHIND_BUILD" ]; do sleep 0.02; done
"$REAL_GO" "$@"
code=$?
[ "$1" = build ] && [ -e "$BEHIND_BUILD" ] && sh "$BEHIND_BUILD" && rm "$BEHIND_BUILD"
exit $code
`

// TestEditBehindBuild: an edit is served in the end even if it comes after the build has read
// the file and before emu knows which files the build reads.
func TestEditBehindBuild(t *testing.T) {
	t.Parallel()
	dir := editedProject(t)
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	behind := filepath.Join(bin, "behind")
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(behindGo), 0o777); err != nil {
		t.Fatal(err)
	}
	main := strings.Replace(sourced, `"pages/*"`, `"*/*"`, 1)
	says := func(what string) string { return "package said\n\nconst What = \"" + what + "\"\n" }
	for name, text := range map[string]string{
		"main.go": main, "pages/a.txt": "", "more/a.txt": "", "said/said.go": says("first"), "shared/said.txt": says("third"),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		save(t, dir, name, text)
	}
	// then runs a command right after the next build.
	then := func(command string) {
		t.Helper()
		if err := os.WriteFile(behind, []byte("cd '"+dir+"'\n"+command+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	then("sed -i.old s/first/second/ said/said.go; touch -t 200101010000 said/said.go")
	s := watching(t, dir, "PATH="+bin+":"+os.Getenv("PATH"), "REAL_GO="+goTool, "BEHIND_BUILD="+behind)
	waitForAnswer(t, s, "second pages/a.txt")

	t.Log("a folder that was not embedded before")
	then("echo >more/b.txt")
	save(t, dir, "main.go", strings.Replace(main, "go:embed pages", "go:embed pages more", 1))
	waitForAnswer(t, s, "second more/a.txt more/b.txt pages/a.txt")

	t.Log("the target of a symbolic link that was a file before")
	then("sed -i.old s/third/fourth/ shared/said.txt")
	link := filepath.Join(dir, "said", "link")
	if err := os.Symlink("../shared/said.txt", link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(dir, "said", "said.go")); err != nil {
		t.Fatal(err)
	}
	waitForAnswer(t, s, "fourth more/a.txt more/b.txt pages/a.txt")
	interruptAll(t, s)
}

// waitForAnswer waits until the server answers with a text.
func waitForAnswer(t *testing.T, s *served, want string) {
	t.Helper()
	await(t, "answer "+want, func() bool {
		resp, err := client.Get(s.url)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return err == nil && string(b) == want
	})
}
