package emulator_test

// https://developers.cloudflare.com/durable-objects/api/namespace/

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// TestIDVectors compares ids with those of the real wrangler dev.
func TestIDVectors(t *testing.T) {
	for _, tt := range []struct{ worker, class, name, id string }{
		{"dospec", "T", "foo", "6378346a46f19dd8d6e683ef45258eccd567337fcdf3cf784484bd345e58a82a"},
		{"dospec", "T", "", "3d191bb95372046305329b2d7c14b81525dc1098cb52901d5875ef009b4b1b02"},
		{"dospec", "T", "héllo✓", "3c6480a37d1e8387ec0cc6f5ee58e5e23d3a30933ab08f9a1bd06a17fa8f1367"},
		{"dospec", "NoH", "foo", "d96570ab12b989ae482dce2ea6cfe6f9852ece1244ab5be15286b9e5c4b840d9"},
		{"websocket-hibernation-server", "WebSocketHibernationServer", "foo", "dca277cd0ed333bffdf2ddff2d959bc3ce6c9203e2bdc2fdab6fac4a820c746a"},
		{"w", "Obj", "a", "2bf0014bb9ce00d036675720a25a35362585e5b8f8e7a49d7359aaf660182961"},
		{"w", "Obj", "", "c5a1ed26573274a9e9c5a5cea295872d45a2bbc2e65f5d9b002f28ec1d478edb"},
		{"w", "Obj", "😀", "c67ede6afdaf225a04a09ba183eee71a49e92b108df25fb9e8783d947a012619"},
		{"w2", "Obj", "a", "9a7e0cf404243a62e0ed8cff741b6da3e7e655cb2b28a0c339f2a113ac472a38"},
	} {
		t.Run(tt.worker+"-"+tt.class+" "+tt.name, func(t *testing.T) {
			class := durable.Define(tt.class, func(context.Context, *durable.State, *durable.Env) (*obj, error) { return nil, nil })
			w := emutest.New(t, emutest.Config(configOf(t, tt.worker, tt.class)), emutest.Classes(class))
			if got := w.Object("NS", tt.name).ID(); got != tt.id {
				t.Errorf("got  %s\nwant %s", got, tt.id)
			}
		})
	}
}

// configOf writes a configuration with one class, bound as NS.
func configOf(t *testing.T, worker, class string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wrangler.jsonc")
	text := `{"name": "` + worker + `", "main": "src/index.js", "compatibility_date": "2026-06-01",
		"durable_objects": {"bindings": [{"name": "NS", "class_name": "` + class + `"}]},
		"migrations": [{"tag": "v1", "new_sqlite_classes": ["` + class + `"]}]}`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestID(t *testing.T) {
	s := newObjects(t, methods{
		"name": func(_ context.Context, o *obj) (any, error) {
			return []any{o.st.ID().String(), o.st.ID().Name()}, nil
		},
	})
	// inWorker runs a test in the Worker, with the namespaces of both classes.
	inWorker := func(name string, f func(t *testing.T, ctx context.Context, ns, other *durable.Namespace)) {
		t.Run(name, func(t *testing.T) {
			s.start(func(ctx context.Context, env *durable.Env) (any, error) {
				f(t, ctx, env.DurableObject("Obj"), env.DurableObject("Other"))
				return nil, nil
			}).want("null")
		})
	}
	const syntax = "TypeError: Invalid Durable Object ID: must be 64 hex digits"
	const foreign = "TypeError: Durable Object ID is not valid for this namespace."

	inWorker("ID-1 idFromString of what is no id", func(t *testing.T, _ context.Context, ns, _ *durable.Namespace) {
		for _, text := range []string{"", "abc", strings.Repeat("g", 64), strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("é", 32)} {
			if _, err := ns.IDFromString(text); caught(err) != syntax {
				t.Errorf("%q: %s", text, caught(err))
			}
		}
	})
	inWorker("ID-2 idFromString of another namespace's id", func(t *testing.T, _ context.Context, ns, other *durable.Namespace) {
		for _, text := range []string{strings.Repeat("0", 64), other.IDFromName("a").String(), other.NewUniqueID().String()} {
			if _, err := ns.IDFromString(text); caught(err) != foreign {
				t.Errorf("%q: %s", text, caught(err))
			}
		}
	})
	inWorker("ID-3 upper case", func(t *testing.T, _ context.Context, ns, _ *durable.Namespace) {
		want := ns.IDFromName("a").String()
		got, err := ns.IDFromString(strings.ToUpper(want))
		if err != nil || got.String() != want {
			t.Errorf("%s, %v", got, err)
		}
	})
	inWorker("ID-4 the empty name", func(t *testing.T, ctx context.Context, ns, _ *durable.Namespace) {
		got, err := callOf(ctx, ns.GetByName(""), "name")
		if err != nil || jsonOf(got) != jsonOf([]any{ns.IDFromName("").String(), ""}) {
			t.Errorf("%v, %v", got, err)
		}
	})
	inWorker("ID-8 get with another namespace's id", func(t *testing.T, ctx context.Context, ns, other *durable.Namespace) {
		id := other.IDFromName("b")
		got, err := fetchOf(ctx, ns.Get(id), "name")
		if err != nil || jsonOf(got) != jsonOf([]any{id.String(), "b"}) {
			t.Errorf("%v, %v", got, err)
		}
	})
	inWorker("ID-10 equals", func(t *testing.T, _ context.Context, ns, other *durable.Namespace) {
		a := ns.IDFromName("a")
		same, err := ns.IDFromString(a.String())
		if err != nil || !a.Equals(same) || a.Equals(ns.IDFromName("b")) || a.Equals(other.IDFromName("a")) {
			t.Error("equals compares something else than the bytes", err)
		}
	})
	inWorker("ID-11 jurisdictions", func(t *testing.T, _ context.Context, ns, _ *durable.Namespace) {
		if _, err := ns.Jurisdiction("eu"); caught(err) != "Error: Jurisdiction restrictions are not implemented in workerd." {
			t.Error(caught(err))
		}
		none, err := ns.Jurisdiction("")
		if err != nil || !none.IDFromName("a").Equals(ns.IDFromName("a")) {
			t.Error("no jurisdiction gives other ids", err)
		}
	})
	inWorker("ID-14 what a stub tells, and relative URLs", func(t *testing.T, ctx context.Context, ns, _ *durable.Namespace) {
		stub := ns.GetByName("a")
		if stub.Name() != "a" || !stub.ID().Equals(ns.IDFromName("a")) {
			t.Error(stub.Name(), stub.ID())
		}
		if _, err := durable.NewRequest("GET", "/rel", nil); caught(err) != "TypeError: Invalid URL: /rel" {
			t.Error(caught(err))
		}
		for _, u := range []*url.URL{nil, {}, {Path: "/rel"}} {
			_, err := stub.Fetch(ctx, &durable.Request{URL: u})
			if e, ok := err.(*durable.Error); !ok || e.Name != "TypeError" || !strings.HasPrefix(e.Message, "Invalid URL: ") {
				t.Errorf("%v: %v", u, err)
			}
		}
	})
	inWorker("newUniqueId", func(t *testing.T, _ context.Context, ns, _ *durable.Namespace) {
		a, b := ns.NewUniqueID(), ns.NewUniqueID()
		again, err := ns.IDFromString(a.String())
		if err != nil || !a.Equals(again) || a.Equals(b) || len(a.String()) != 64 {
			t.Error(a, b, err)
		}
	})
}

// TestIDName is case ID-9: when an object knows its name.
func TestIDName(t *testing.T) {
	s := newObjects(t, methods{"name": func(_ context.Context, o *obj) (any, error) { return o.st.ID().Name(), nil }})
	by := func(id func(ns *durable.Namespace) durable.ID) func(want string) {
		return func(want string) {
			t.Helper()
			s.start(func(ctx context.Context, env *durable.Env) (any, error) {
				ns := env.DurableObject("Obj")
				return callOf(ctx, ns.Get(id(ns)), "name")
			}).want(jsonOf(want))
		}
	}
	named := func(name string) func(string) {
		return by(func(ns *durable.Namespace) durable.ID { return ns.IDFromName(name) })
	}
	parsed := func(name string) func(string) {
		return by(func(ns *durable.Namespace) durable.ID {
			id, err := ns.IDFromString(ns.IDFromName(name).String())
			if err != nil {
				t.Error(err)
			}
			return id
		})
	}
	t.Run("ID-9 by name", func(t *testing.T) { named("a")("a") })
	t.Run("ID-9 by id", func(t *testing.T) { parsed("b")("") })
	t.Run("ID-9 unique", func(t *testing.T) {
		by(func(ns *durable.Namespace) durable.ID { return ns.NewUniqueID() })("")
	})
	t.Run("ID-9 the first to address it decides, also after an eviction", func(t *testing.T) {
		named("c")("c")
		parsed("d")("")
		s.Advance(12 * time.Second)
		parsed("c")("c")
		named("d")("")
		s.Advance(75 * time.Second)
		parsed("c")("c")
		named("d")("")
	})
	t.Run("ID-9 until the object is forgotten", func(t *testing.T) {
		named("e")("e")
		parsed("f")("")
		s.Advance(160 * time.Second)
		parsed("e")("")
		named("f")("f")
	})
	t.Run("ID-9 130 s after it has left memory", func(t *testing.T) {
		named("g")("g")
		named("h")("h")
		s.Advance(10*time.Second + 130*time.Second - time.Millisecond)
		parsed("g")("g")
		s.Advance(time.Millisecond)
		parsed("h")("")
	})
}
