package emucmd

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// goBlocks are the blocks of Go at the README's top, before its first section.
func goBlocks(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	top, _, _ := strings.Cut(string(readme), "\n## ")
	var blocks []string
	for _, rest := range strings.Split(top, "\n```go\n")[1:] {
		block, _, _ := strings.Cut(rest, "```\n")
		blocks = append(blocks, block)
	}
	if len(blocks) != 2 {
		t.Fatalf("the README begins with %d blocks of Go, expected a program and its test", len(blocks))
	}
	return blocks
}

// TestReadmeProgram: the program at the README's top builds and its test passes as printed,
// with the fixture's configuration.
func TestReadmeProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	t.Parallel()
	const emulator = `"github.com/seed-36a2c969/emu/emulator/`
	blocks, dir := goBlocks(t), t.TempDir()
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	// An overlay shows the go command the files inside the checkout, so that they need no module.
	overlay := map[string]string{}
	write := func(name, text string) {
		overlay[filepath.Join(checkout, "fixtures", "readme", name)] = filepath.Join(dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go", "package main\n\nimport (\n\t\"context\"\n\t"+emulator+"durable\"\n\t"+emulator+"worker\"\n)\n\n"+blocks[0])
	write("main_test.go", "package main\n\nimport (\n\t\"testing\"\n\t\"time\"\n\t"+emulator+"durable\"\n\t"+emulator+"emutest\"\n)\n\n"+blocks[1])
	fixture, err := os.ReadFile("../fixtures/websocket-hibernation/wrangler.jsonc")
	if err != nil {
		t.Fatal(err)
	}
	write("wrangler.jsonc", string(fixture))
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	write("overlay.json", string(list))
	program := filepath.Join(dir, "readme.test.exe")
	build := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./fixtures/readme")
	build.Dir = checkout
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("what the README prints does not build: %v\n%s", err, out)
	}
	run := exec.Command(program, "-test.v")
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestRoom") {
		t.Errorf("the README's test: %v\n%s", err, out)
	}
}

// TestEmutestExample: the example in emutest's README is one of the package's, which are run.
func TestEmutestExample(t *testing.T) {
	readme, err := os.ReadFile("../emulator/emutest/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "\n```go\n")
	block, _, found := strings.Cut(block, "```\n")
	if !found {
		t.Fatal("there is no block of Go")
	}
	examples, err := os.ReadFile("../emulator/emutest/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(examples), block) {
		t.Errorf("no example of package emutest is\n%s", block)
	}
}

// TestLinks: each relative link in a Markdown file leads to a file.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^):#]+)(#[^)]*)?\)`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
