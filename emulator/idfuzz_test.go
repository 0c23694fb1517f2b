package emulator_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Whatever is parsed as an id is one of the namespace and reads as it was written,
// in lower case; what is no id is refused with one of workerd's two texts.
func FuzzIDFromString(f *testing.F) {
	for _, s := range []string{
		"", "abc", strings.Repeat("0", 64), strings.Repeat("g", 64),
		"2bf0014bb9ce00d036675720a25a35362585e5b8f8e7a49d7359aaf660182961",
		"2BF0014BB9CE00D036675720A25A35362585E5B8F8E7A49D7359AAF660182961",
	} {
		f.Add(s)
	}
	namespace := make(chan *durable.Namespace, 1)
	w := emutest.New(f, emutest.Classes(durable.Define("Obj", func(context.Context, *durable.State, *durable.Env) (fetchFunc, error) {
		return nil, nil
	})), emutest.Worker(durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		namespace <- env.DurableObject("Obj")
		return durable.Text(200, ""), nil
	})))
	w.Fetch("GET", "/")
	n := <-namespace
	f.Add(n.IDFromName("x").String())
	f.Fuzz(func(t *testing.T, s string) {
		id, err := n.IDFromString(s)
		if err != nil {
			switch err.Error() {
			case "Invalid Durable Object ID: must be 64 hex digits", "Durable Object ID is not valid for this namespace.":
			default:
				t.Errorf("%q is refused with %q", s, err)
			}
			return
		}
		if got := id.String(); got != strings.ToLower(s) {
			t.Errorf("%q reads as %q", s, got)
		}
		if named := n.IDFromName(s); !named.Equals(n.IDFromName(s)) || len(named.String()) != 64 {
			t.Errorf("the id of the name %q is not one", s)
		}
	})
}
