package emulator_test

// The cases in fixtures/storage are small Workers with what the real wrangler dev
// answered. A test does in Go what a case's worker.js does, step by step, and
// compares the answers. What has no meaning for a Go class is in not-for-go.json.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

const storageCases = "../fixtures/storage"

// run is what the class of a case does at a path.
type run func(ctx context.Context, o *gold) (any, error)

type runs map[string]run

// gold is an instance of a case's class.
type gold struct {
	st      *durable.State
	storage *durable.Storage
	env     *durable.Env
	play    *player
	driver  driver.State // past the Go front end
	failed  error        // in the constructor
	mem     int
}

type goldAlarm struct{ *gold }

func (o goldAlarm) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	_, err := o.play.runs["alarm"](context.WithValue(ctx, infoKey{}, info), o.gold)
	return err
}

// What the contexts hold: an alarm's argument, the query of a request, the state of
// an object that is being constructed.
type (
	infoKey  struct{}
	queryKey struct{}
	stateKey struct{}
)

// Fetch runs what is at the path; with ?raw an error is thrown, else it is the answer.
func (o *gold) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	query := r.URL.Query()
	v, err := o.play.runs[strings.TrimPrefix(r.URL.Path, "/")](context.WithValue(ctx, queryKey{}, query), o)
	if err != nil {
		if query.Has("raw") {
			return nil, err
		}
		v = exceptionOf(err)
	}
	return durable.JSON(200, v)
}

// player plays a case.
type player struct {
	t      *testing.T
	dir    string // of the case
	work   string // where the state is
	runs   runs
	world  *emulator.World
	source string // worker.js
	killed chan struct{}
}

type step struct {
	Start *struct {
		Config string
		Args   []string
	}
	Fetch string
	Stop  string
	Tree  string
	Sleep int
	SQL   string
	DB    string
	Kill  int
}

type answer struct {
	Status int
	Body   any
	Tree   []string
	files  map[string]any // what a query found in each
}

// UnmarshalJSON: an answer that is none of the others has the files' names as keys.
func (a *answer) UnmarshalJSON(data []byte) error {
	type plain answer
	if err := json.Unmarshal(data, (*plain)(a)); err != nil {
		return err
	}
	return json.Unmarshal(data, &a.files)
}

// caseDir finds a case by its id.
func caseDir(t *testing.T, id string) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(storageCases, id+"-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("case %s: found %q", id, dirs)
	}
	return dirs[0]
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// golden plays a case. A constructor is at "new"; a class with "alarm" has the handler.
func golden(t *testing.T, id string, r runs) {
	t.Helper()
	t.Run(id, func(t *testing.T) {
		dir := caseDir(t, id)
		var steps []step
		var recorded []answer
		readJSON(t, filepath.Join(dir, "requests.json"), &steps)
		readJSON(t, filepath.Join(dir, "expected.json"), &recorded)
		work := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			p := &player{t: t, dir: dir, work: work, runs: r, source: readText(t, filepath.Join(dir, "worker.js"))}
			defer p.stop()
			for i, s := range steps {
				p.step(i, s, recorded[i], notForGo(t, id))
			}
		})
	})
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// exempt is what of a case has no meaning for a Go class.
type exempt struct{ ID, Key, Reason string }

func exemptions(t *testing.T) (list []exempt) {
	t.Helper()
	readJSON(t, filepath.Join(storageCases, "not-for-go.json"), &list)
	return list
}

func notForGo(t *testing.T, id string) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for _, e := range exemptions(t) {
		if e.ID == id {
			keys[e.Key] = true
		}
	}
	return keys
}

// exceptionOf is an exception as the recordings have it.
func exceptionOf(err error) map[string]any {
	m := map[string]any{}
	var e *durable.Error
	var d *driver.Error
	switch {
	case errors.As(err, &e):
		m["throws"] = e.Name + ": " + e.Message
		if e.DurableObjectReset {
			m["durableObjectReset"] = true
		}
	case errors.As(err, &d):
		m["throws"] = d.Name + ": " + d.Message
	default:
		m["throws"] = "Error: " + err.Error()
	}
	return m
}

// undefined is undefined as the recordings have it.
var undefined = map[string]any{"$": "undefined"}

// caughtOr is the value, or the exception in its place.
func caughtOr(v any, err error) any {
	if err != nil {
		return exceptionOf(err)
	}
	return v
}

// none is the value of a call that returns nothing.
func none(err error) any { return caughtOr(undefined, err) }

// mapOf is a Map as the recordings have it.
func mapOf(entries ...any) any {
	list := []any{}
	for i := 0; i < len(entries); i += 2 {
		list = append(list, []any{entries[i], entries[i+1]})
	}
	return map[string]any{"$": "Map", "v": list}
}

// TestGoldenCases: every case is a test or exempt, and no exemption is without a case.
func TestGoldenCases(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(storageCases, "*", "expected.json"))
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	sources := ""
	names, err := filepath.Glob("golden?*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		sources += readText(t, name)
	}
	ids := map[string]bool{}
	for _, d := range dirs {
		id, _, _ := strings.Cut(filepath.Base(filepath.Dir(d)), "-")
		ids[id] = true
		whole := slices.ContainsFunc(exemptions(t), func(e exempt) bool { return e.ID == id && e.Key == "" })
		tested := strings.Contains(sources, fmt.Sprintf("%q", id))
		if whole == tested {
			t.Errorf("case %s: tested %v, exempt %v", id, tested, whole)
		}
	}
	for _, e := range exemptions(t) {
		if !ids[e.ID] || e.Reason == "" {
			t.Errorf("exemption %+v", e)
		}
	}
}
