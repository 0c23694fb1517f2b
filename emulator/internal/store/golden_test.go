package store

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The cases in fixtures/storage are small workers with what the real
// wrangler dev answered them. A test here runs the statements of a case's
// worker.js and compares with its expected.json.

// recorded returns a case's source and the bodies of its answers.
func recorded(t testing.TB, id string) (source string, bodies []any) {
	t.Helper()
	dirs, _ := filepath.Glob(filepath.Join("..", "..", "..", "fixtures", "storage", id+"-*"))
	if len(dirs) != 1 {
		t.Fatalf("case %s: found %q", id, dirs)
	}
	js, err := os.ReadFile(filepath.Join(dirs[0], "worker.js"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dirs[0], "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var steps []struct{ Body any }
	if err := json.Unmarshal(b, &steps); err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if s.Body != nil {
			bodies = append(bodies, s.Body)
		}
	}
	return string(js), bodies
}

func body(t testing.TB, id string) map[string]any {
	t.Helper()
	_, bodies := recorded(t, id)
	return bodies[0].(map[string]any)
}

// calls finds the assignments r.NAME = q(STRING) of a worker, with the key
// in the answer and the query.
func calls(t testing.TB, js string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`r\.(\w+) = q\(("(?:[^"\\]|\\.)*"|'[^']*')\)`).FindAllStringSubmatch(js, -1) {
		found[m[1]] = literal(t, m[2])
	}
	return found
}

// literal decodes a JavaScript string literal.
func literal(t testing.TB, s string) string {
	t.Helper()
	if s[0] == '\'' {
		return s[1 : len(s)-1]
	}
	s = regexp.MustCompile(`\\u\{1F600\}`).ReplaceAllString(s, `\ud83d\ude00`)
	var out string
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return out
}

// array decodes the first array of string literals behind a mark.
func array(t testing.TB, js, mark string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(js, mark)
	if !ok {
		t.Fatalf("no %q", mark)
	}
	d := json.NewDecoder(strings.NewReader(rest))
	var list []string
	if err := d.Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// js is a value as the workers' enc() writes it down.
func js(v any) any {
	switch v := v.(type) {
	case int64:
		return js(float64(v))
	case float64:
		switch {
		case math.IsInf(v, 1):
			return map[string]any{"$": "Infinity"}
		case math.IsInf(v, -1):
			return map[string]any{"$": "-Infinity"}
		}
		return v
	case []byte:
		list := []any{}
		for _, b := range v {
			list = append(list, float64(b))
		}
		return map[string]any{"$": "ArrayBuffer", "v": list}
	case error:
		return map[string]any{"throws": "Error: " + v.Error()}
	}
	return v
}

// raw is [...exec(query).raw()].
func raw(db *DB, query string, args ...any) any {
	r, err := db.Exec(query, args)
	if err != nil {
		return js(err)
	}
	list := []any{}
	for {
		row, ok, err := r.Next()
		if err != nil {
			return js(err)
		}
		if !ok {
			return list
		}
		for i := range row {
			row[i] = js(row[i])
		}
		list = append(list, row)
	}
}

// objects is exec(query).toArray().
func objects(db *DB, query string, args ...any) any {
	r, err := db.Exec(query, args)
	if err != nil {
		return js(err)
	}
	return rest(r)
}

// rest is toArray() of a cursor.
func rest(r *Rows) any {
	list := []any{}
	for {
		row, ok, err := r.Next()
		if err != nil {
			return js(err)
		}
		if !ok {
			return list
		}
		o := map[string]any{}
		for i, n := range r.ColumnNames() {
			o[n] = js(row[i])
		}
		list = append(list, o)
	}
}

func open(t testing.TB, o Options) *DB {
	t.Helper()
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec is ExecTo into rows of its own.
func (db *DB) Exec(query string, args []any) (*Rows, error) {
	r := new(Rows)
	if err := db.ExecTo(r, query, args); err != nil {
		return nil, err
	}
	return r, nil
}

func memory(t testing.TB) *DB { return open(t, Options{}) }

func must(t testing.TB, db *DB, query string, args ...any) *Rows {
	t.Helper()
	r, err := db.Exec(query, args)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return r
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
