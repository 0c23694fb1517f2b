package emulator_test

// How the steps of a recorded case are played.

import (
	"cmp"
	"context"
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/emulator"
	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (p *player) step(i int, s step, want answer, exempt map[string]bool) {
	p.t.Helper()
	switch {
	case s.Start != nil:
		p.start(s.Start.Config, s.Start.Args)
	case s.Stop == "SIGKILL":
		p.crash(func() {})
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
	case s.SQL != "":
		p.compareFiles(i, s, want.files, exempt)
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
	var classes []driver.Class
	for _, m := range regexp.MustCompile(`export class (\w+)`).FindAllStringSubmatch(p.source, -1) {
		class := durable.Define(m[1], p.construct).Driver()
		if p.runs["alarm"] != nil {
			class = durable.Define(m[1], func(ctx context.Context, st *durable.State, env *durable.Env) (goldAlarm, error) {
				o, err := p.construct(ctx, st, env)
				return goldAlarm{o}, err
			}).Driver()
		}
		classes = append(classes, stated{class})
	}
	p.forget(loaded.Config.Name, persist)
	w, err := emulator.New(emulator.Options{
		Config: loaded.Config, Classes: classes, Worker: durable.Export(durable.WorkerFunc(p.serve)), Persist: persist,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.world = w
}

// forget removes emu's own record of what the configuration was: wrangler has none,
// and takes a folder as it is.
func (p *player) forget(worker, persist string) {
	p.t.Helper()
	if err := os.RemoveAll(filepath.Join(persist, "v3", "do", worker+".emu-migrations.json")); err != nil {
		p.t.Error(err)
	}
}

// stated is a class whose constructor gets the driver's state in its context.
type stated struct{ driver.Class }

func (c stated) Construct(ctx context.Context, st driver.State, env driver.Env) (driver.Instance, error) {
	return c.Class.Construct(context.WithValue(ctx, stateKey{}, st), st, env)
}

func (p *player) construct(ctx context.Context, st *durable.State, env *durable.Env) (*gold, error) {
	o := &gold{st: st, storage: st.Storage(), env: env, play: p}
	o.driver, _ = ctx.Value(stateKey{}).(driver.State)
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
	resp, err := env.DurableObject("OBJ").GetByName(cmp.Or(r.URL.Query().Get("o"), "a")).Fetch(ctx, r)
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

// kill asks for something that does not end, and crashes then.
func (p *player) kill(target string) {
	p.t.Helper()
	p.killed = make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.fetch(target)
	}()
	p.crash(func() { close(p.killed) })
	<-done
}

// crash goes on with the files as they are when nothing moves any more; release
// lets what keeps a turn go.
func (p *player) crash(release func()) {
	p.t.Helper()
	synctest.Wait()
	after := p.t.TempDir()
	if err := os.CopyFS(after, os.DirFS(p.work)); err != nil {
		p.t.Error(err)
	}
	release()
	p.stop()
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
