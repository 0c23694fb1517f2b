package stacks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestNames: every function that a stack is read for is where its text says. Who moves
// one changes its text here.
func TestNames(t *testing.T) {
	if here := reflect.TypeFor[Watch]().PkgPath(); here != root+"/internal/stacks" {
		t.Errorf("this package is %s, not below %s", here, root)
	}
	if _, err := os.Stat(filepath.Join("..", "..", strings.TrimPrefix(durable, root))); err != nil {
		t.Error(err)
	}
	for _, name := range append([]string{pauses, waitsFor, catches}, runners...) {
		dir, function, _ := strings.Cut(strings.TrimPrefix(name, root), ".")
		if !hasFunction(t, filepath.Join("..", "..", dir), function) {
			t.Errorf("there is no %s: does it have another name now?", name)
		}
	}
}

// hasFunction reports whether the package in a folder has a function or, of a type
// alone, any method, by the name that a stack has for it.
func hasFunction(t *testing.T, dir, name string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			full := f.Name.Name
			if f.Recv != nil {
				star, pointer := f.Recv.List[0].Type.(*ast.StarExpr)
				if !pointer {
					continue
				}
				receiver, named := star.X.(*ast.Ident)
				if !named {
					continue
				}
				full = "(*" + receiver.Name + ")"
				if full == name {
					return true
				}
				full += "." + f.Name.Name
			}
			if full == name {
				return true
			}
		}
	}
	return false
}
