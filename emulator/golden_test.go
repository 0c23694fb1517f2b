package emulator_test

// The cases in fixtures/storage are small Workers with what the real wrangler dev
// answered. A test does in Go what a case's worker.js does, step by step, and
// compares the answers. What has no meaning for a Go class is in not-for-go.json.

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/config"
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
	failed  error // in the constructor
}

type goldAlarm struct{ *gold }

func (o goldAlarm) Alarm(ctx context.Context, info durable.AlarmInfo) error {
	_, err := o.play.runs["alarm"](context.WithValue(ctx, infoKey{}, info), o.gold)
	return err
}

type infoKey struct{}

// Fetch runs what is at the path; with ?raw an error is thrown, else it is the answer.
func (o *gold) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	v, err := o.play.runs[strings.TrimPrefix(r.URL.Path, "/")](ctx, o)
	if err != nil {
		if r.URL.RawQuery == "raw" {
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

func (p *player) step(i int, s step, want answer, exempt map[string]bool) {
	p.t.Helper()
	switch {
	case s.Start != nil:
		p.start(s.Start.Config, s.Start.Args)
	case s.Stop != "":
		p.stop()
	case s.Sleep > 0:
		time.Sleep(time.Duration(s.Sleep) * time.Millisecond)
	case s.Kill > 0:
		p.kill(s.Fetch)
	case s.Fetch != "":
		p.compare(i, p.fetch(s.Fetch), want, exempt)
	case s.Tree != "":
		if got := p.tree(s.Tree); !slices.Equal(got, want.Tree) {
			p.t.Errorf("step %d: the folder has %q, want %q", i, got, want.Tree)
		}
	case s.SQL != "": // looks into a file that other tests look into
	default:
		p.t.Fatalf("step %d: what to do?", i)
	}
}

func (p *player) start(path string, args []string) {
	p.t.Helper()
	persist := filepath.Join(p.work, ".wrangler", "state")
	if len(args) == 2 && args[0] == "--persist-to" {
		persist = filepath.Join(p.work, args[1])
	}
	p.startIn(cmp.Or(path, "wrangler.jsonc"), persist)
}

// startIn starts the case's Worker with its state in a folder, or in memory.
func (p *player) startIn(path, persist string) {
	p.t.Helper()
	loaded := config.Load(config.Options{Config: filepath.Join(p.dir, path)})
	if loaded.Config == nil {
		p.t.Fatal(loaded.Errors)
	}
	class := durable.Define("Obj", p.construct).Driver()
	if p.runs["alarm"] != nil {
		class = durable.Define("Obj", func(ctx context.Context, st *durable.State, env *durable.Env) (goldAlarm, error) {
			o, err := p.construct(ctx, st, env)
			return goldAlarm{o}, err
		}).Driver()
	}
	w, err := emulator.New(emulator.Options{
		Config: loaded.Config, Classes: []driver.Class{class}, Worker: durable.Export(durable.WorkerFunc(p.serve)), Persist: persist, NormalSync: true,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.world = w
}

func (p *player) construct(ctx context.Context, st *durable.State, env *durable.Env) (*gold, error) {
	o := &gold{st: st, storage: st.Storage(), env: env, play: p}
	if f := p.runs["new"]; f != nil {
		if _, err := f(ctx, o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (p *player) serve(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
	if f := p.runs["worker"+r.URL.Path]; f != nil {
		v, err := f(ctx, &gold{env: env, play: p})
		if err != nil {
			return nil, err
		}
		return durable.JSON(200, v)
	}
	resp, err := env.DurableObject("OBJ").GetByName("a").Fetch(ctx, r)
	if err != nil {
		resp, _ := durable.JSON(500, map[string]any{"stubError": exceptionOf(err)})
		return resp, nil
	}
	return resp, nil
}

func (p *player) stop() {
	p.t.Helper()
	if p.world == nil {
		return
	}
	if err := p.world.Close(); err != nil {
		p.t.Error(err)
	}
	p.world = nil
}

func (p *player) fetch(target string) answer {
	p.t.Helper()
	rec := httptest.NewRecorder()
	p.world.ServeHTTP(rec, httptest.NewRequest("GET", "http://w.test"+target, nil))
	a := answer{Status: rec.Code}
	text := regexp.MustCompile(`reference = [a-z0-9]+`).ReplaceAllString(rec.Body.String(), "reference = <REF>")
	if err := json.Unmarshal([]byte(text), &a.Body); err != nil {
		a.Body = text
	}
	return a
}

// kill asks for something that does not end, and goes on with the files as they
// are when nothing moves any more.
func (p *player) kill(target string) {
	p.t.Helper()
	p.killed = make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.fetch(target)
	}()
	synctest.Wait()
	after := p.t.TempDir()
	if err := os.CopyFS(after, os.DirFS(p.work)); err != nil {
		p.t.Error(err)
	}
	close(p.killed)
	p.stop()
	<-done
	p.work = after
}

// spin keeps the turn until the process is killed.
func (o *gold) spin() { <-o.play.killed }

// compare compares an answer with the recorded one, but for what is exempt.
func (p *player) compare(i int, got, want answer, exempt map[string]bool) {
	p.t.Helper()
	if got.Status != want.Status {
		p.t.Errorf("step %d: status %d, want %d: %v", i, got.Status, want.Status, got.Body)
	}
	wants, ok1 := want.Body.(map[string]any)
	gots, ok2 := got.Body.(map[string]any)
	if !ok1 || !ok2 {
		if !reflect.DeepEqual(got.Body, want.Body) {
			p.t.Errorf("step %d:\nreal %s\nemu  %s", i, jsonOf(want.Body), jsonOf(got.Body))
		}
		return
	}
	for k, w := range wants {
		if g, ok := gots[k]; !exempt[k] && (!ok || !reflect.DeepEqual(g, w)) {
			p.t.Errorf("step %d: %s:\nreal %s\nemu  %s", i, k, jsonOf(w), jsonOf(g))
		}
	}
	for k := range gots {
		if _, ok := wants[k]; !ok {
			p.t.Errorf("step %d: %s: nothing is recorded", i, k)
		}
	}
}

// tree lists a folder as the recordings do; what emu keeps beside it is left out.
func (p *player) tree(root string) []string {
	p.t.Helper()
	list := []string{}
	base := filepath.Join(p.work, filepath.FromSlash(root))
	filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(base, path)
		name = filepath.ToSlash(name)
		if err != nil || name == "." || strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "-shm") || strings.Contains(name, ".emu-") || strings.HasPrefix(name, "emu-") {
			return nil
		}
		if d.IsDir() {
			name += "/"
		}
		list = append(list, name)
		return nil
	})
	return list
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
	for _, name := range []string{"goldendur_test.go", "goldenkv_test.go", "goldensql_test.go"} {
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
