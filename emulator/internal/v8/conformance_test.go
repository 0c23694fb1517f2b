//go:build conformance

package v8

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConformance compares with Node, whose serializer is workerd's but for the
// width of small integers and workerd's host objects. EMU_ORACLE is a folder in
// whose node_modules a node program is:
//
//	EMU_ORACLE=DIR go test -tags conformance ./emulator/internal/v8
func TestConformance(t *testing.T) {
	dir := os.Getenv("EMU_ORACLE")
	if dir == "" {
		t.Skip("EMU_ORACLE is not set")
	}
	found, _ := filepath.Glob(filepath.Join(dir, "node_modules", "node-*", "bin", "node*"))
	if len(found) == 0 {
		t.Fatalf("no node in %s", dir)
	}
	const count = 4000
	var in bytes.Buffer
	var want []string
	for seed := range uint64(count) {
		g := random(seed)
		g.plain = true
		v := g.value(5)
		b, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		text := describe(v)
		if strings.Contains(text, " max ") {
			continue // Node of version 22 cannot tell how a view follows its buffer
		}
		fmt.Fprintf(&in, "describe %x\n", b)
		want = append(want, text)
	}
	for seed := range count {
		fmt.Fprintf(&in, "make %d\n", seed*7919+1)
	}
	cmd := exec.Command(found[0], filepath.Join("testdata", "conformance.mjs"))
	cmd.Stdin = &in
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for _, w := range want {
		if lines.Scan(); lines.Text() != w {
			t.Fatalf("real: %s\nemu:  %s", lines.Text(), w)
		}
	}
	for range count {
		lines.Scan()
		real, text, _ := strings.Cut(lines.Text(), " ")
		b, err := hex.DecodeString(real)
		if err != nil || len(b) == 0 {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		v, err := Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if got := describe(v); got != text {
			t.Fatalf("real: %s\nemu:  %s", text, got)
		}
		again, err := Encode(v)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s\nreal: %s\nemu:  %x, %v", text, real, again, err)
		}
	}
}
