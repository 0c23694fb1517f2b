package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDifferencesTable: the end of emulator/DIFFERENCES.md is the table of differences.json.
func TestDifferencesTable(t *testing.T) {
	const file, intro = "../emulator/DIFFERENCES.md", "From [differences.json](../fixtures/config/differences.json):\n\n"
	var table strings.Builder
	table.WriteString("| what emu does | why |\n| --- | --- |\n")
	for _, d := range differences(t) {
		fmt.Fprintf(&table, "| %s | %s |\n", d.What, d.Why)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, written, found := strings.Cut(string(text), intro)
	if !found {
		t.Fatalf("%s does not say %q", file, intro)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+intro+table.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if written != table.String() {
		t.Errorf("%s is not what differences.json says: go test ./config -run %s -update", file, t.Name())
	}
}
