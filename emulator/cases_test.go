package emulator_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// families are the cases recorded from wrangler dev, which tests are named by: how many
// there are of each kind.
var families = map[string]int{
	"ID": 16, // ids
	"LC": 8,  // construction and gates
	"EX": 12, // exceptions
	"AW": 11, // acceptWebSocket
	"GW": 3,  // getWebSockets, getTags
	"AR": 4,  // automatic responses
	"CL": 17, // ends of hibernatable sockets
	"RG": 7,  // accepted sockets
	"RS": 3,  // responses with a WebSocket
	"HS": 3,  // handshakes
	"FD": 11, // the front door
	"HB": 11, // idle time and hibernation
}

// Every recorded case is the name of a test, or fixtures/spec-cases.json says why it
// has no meaning for Go.
func TestEveryCaseHasATest(t *testing.T) {
	named := regexp.MustCompile(`^(?:\d{4}-\d\d-\d\d )?([A-Z]{2}-\d+)\b`)
	found := map[string]bool{}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					if m := named.FindStringSubmatch(s); m != nil {
						found[m[1]] = true
					}
				}
			}
			return true
		})
	}
	data, err := os.ReadFile("../fixtures/spec-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var excused []struct{ ID, Reason string }
	if err := json.Unmarshal(data, &excused); err != nil {
		t.Fatal(err)
	}
	for _, c := range excused {
		if found[c.ID] {
			t.Errorf("%s is tested, and said not to be: %s", c.ID, c.Reason)
		}
		if c.Reason == "" {
			t.Errorf("%s has no reason", c.ID)
		}
		found[c.ID] = true
	}
	for family, n := range families {
		for i := range n {
			if id := fmt.Sprintf("%s-%d", family, i+1); !found[id] {
				t.Errorf("%s has no test", id)
			}
		}
	}
}
