package migrations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// chooser picks a number below n.
type chooser func(n int) int

// fromBytes picks by the bytes of data, and 0 after its end.
func fromBytes(data []byte) chooser {
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		b := int(data[0])
		data = data[1:]
		return b % n
	}
}

// history makes an append-only history of n steps that can be applied.
func history(pick chooser, n int) []option {
	names := []string{"A", "B", "C", "D", "E"}
	live := map[string]bool{}
	some := func(want bool) string {
		var all []string
		for _, n := range names {
			if live[n] == want {
				all = append(all, n)
			}
		}
		if all == nil {
			return ""
		}
		return all[pick(len(all))]
	}
	var steps []option
	for i := range n {
		var changes []string
		// In the order in which they are applied, at most one of each.
		if c := some(true); c != "" && pick(4) == 0 {
			delete(live, c)
			changes = append(changes, "d:"+c)
		}
		if from, to := some(true), some(false); from != "" && to != "" && pick(3) == 0 {
			delete(live, from)
			live[to] = true
			changes = append(changes, "r:"+from+">"+to)
		}
		for _, kind := range []string{"n:", "s:"} {
			if c := some(false); c != "" && pick(2) == 0 {
				live[c] = true
				changes = append(changes, kind+c)
			}
		}
		steps = append(steps, with(fmt.Sprintf("v%d", i+1), changes...))
	}
	return steps
}

// checkHistory holds a history against the ledger's promises.
func checkHistory(t *testing.T, pick chooser) {
	steps := history(pick, 1+pick(7))
	once := memory(t, "w")
	atOnce := start(t, once, conf(steps...))
	if len(atOnce.Errors) > 0 {
		t.Fatalf("a good history fails: %s", texts(atOnce.Errors))
	}

	l := memory(t, "w")
	born := map[string]string{} // unique key -> what it was created as and by
	keys := map[string]string{} // and back
	for n := 0; n < len(steps); {
		n += 1 + pick(len(steps)-n)
		cfg := conf(steps[:n]...)
		p := start(t, l, cfg)
		if len(p.Errors)+len(p.Warnings) > 0 {
			t.Fatalf("%d steps: %s%s", n, texts(p.Errors), texts(p.Warnings))
		}
		if again := start(t, l, cfg); len(again.Steps) > 0 || show(again.Classes) != show(p.Classes) {
			t.Fatalf("a second start does %s", lines(again.Steps))
		}
		// Read back, it is the same.
		text := l.rec.Encode()
		rec, err := record.Decode(text, "w")
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !bytes.Equal(rec.Encode(), text) {
			t.Fatalf("%s\nis read as\n%s", text, rec.Encode())
		}
		l.rec = rec
		for class, ns := range l.rec.Classes {
			what := ns.CreatedAs + " " + ns.CreatedByTag
			if was, ok := born[ns.UniqueKey]; ok && was != what {
				t.Fatalf("key %s of %s was of %s", ns.UniqueKey, class, was)
			}
			if was, ok := keys[what]; ok && was != ns.UniqueKey {
				t.Fatalf("%s, now %s, had key %s and has %s", what, class, was, ns.UniqueKey)
			}
			born[ns.UniqueKey], keys[what] = what, ns.UniqueKey
		}
		if pick(3) == 0 {
			checkOtherBranch(t, l, pick, cfg)
		}
	}
	equal(t, "classes", show(l.Plan(Facts{Config: conf(steps...)}).Classes), show(atOnce.Classes))
	equal(t, "tombstones", fmt.Sprint(l.rec.Tombstones), fmt.Sprint(once.rec.Tombstones))
}

// checkOtherBranch starts an earlier state of the history and returns: every
// key stays what it was.
func checkOtherBranch(t *testing.T, l *Ledger, pick chooser, cfg *config.Config) {
	before := show(start(t, l, cfg).Classes)
	other := *cfg
	other.Migrations = cfg.Migrations[:pick(len(cfg.Migrations))]
	p := start(t, l, &other)
	if len(p.Errors) > 0 {
		t.Fatalf("another branch: %s", texts(p.Errors))
	}
	seen := map[string]bool{}
	for _, c := range p.Classes {
		if seen[c.UniqueKey] {
			t.Fatalf("another branch: key %s twice", c.UniqueKey)
		}
		seen[c.UniqueKey] = true
	}
	equal(t, "classes after another branch", show(start(t, l, cfg).Classes), before)
}

func TestHistories(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			checkHistory(t, rand.New(rand.NewPCG(seed, 18500)).IntN)
		})
	}
}

func FuzzHistory(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x06\x00\x01\x00\x00\x02\x03\x01\x01\x00\x00\x00\x00"))
	f.Add(bytes.Repeat([]byte{7, 0, 4, 12, 3}, 12))
	f.Fuzz(func(t *testing.T, data []byte) { checkHistory(t, fromBytes(data)) })
}

func FuzzDecode(f *testing.F) {
	l := &Ledger{worker: "w", rec: &record.Record{Version: record.Version, Worker: "w"}}
	for _, o := range [][]option{
		{with("v1", "s:A B", "n:C")},
		{with("v1", "s:A B", "n:C"), with("v2", "r:A>D", "d:B", "t:other:Y>X")},
		{with("v1", "s:A B", "n:C E")},
	} {
		p := l.Plan(Facts{Config: conf(o...), Now: now})
		if err := l.Apply(p); err != nil {
			f.Fatal(err)
		}
		f.Add(l.rec.Encode())
	}
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"worker":"w","classes":{"A":{"storage":"kv","unique_key":"..","created_as":"A"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := record.Decode(data, "w")
		if err != nil {
			return
		}
		for _, ns := range rec.Namespaces() {
			if strings.ContainsAny(ns.UniqueKey, `/\`) || ns.UniqueKey == ".." {
				t.Fatalf("key %q", ns.UniqueKey)
			}
		}
		text := rec.Encode()
		again, err := record.Decode(text, "w")
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if !bytes.Equal(again.Encode(), text) {
			t.Fatalf("%s\nis read as\n%s", text, again.Encode())
		}
		// Whatever it holds, a plan can be made of it.
		l := &Ledger{worker: "w", rec: rec}
		l.Plan(Facts{Config: conf(bind("A"), with("v1", "s:A")), Registered: []string{}})
		l.Plan(Facts{Config: conf(bind("A"), export("A", "")), Strict: true})
	})
}

// The fold of random histories is that of wrangler 4.164.0, whose function
// made the file.
func TestFoldAsWrangler(t *testing.T) {
	data, err := os.ReadFile("testdata/fold-wrangler-4.164.0.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Migrations []struct {
			Tag     string
			New     []string        `json:"new_classes"`
			SQLite  []string        `json:"new_sqlite_classes"`
			Deleted []string        `json:"deleted_classes"`
			Renamed []config.Rename `json:"renamed_classes"`
		}
		Classes map[string]bool // with SQLite or without
		Error   string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, c := range cases {
		var o []option
		for _, m := range c.Migrations {
			changes := []string{"n:" + strings.Join(m.New, " "), "s:" + strings.Join(m.SQLite, " "), "d:" + strings.Join(m.Deleted, " ")}
			var pairs []string
			for _, r := range m.Renamed {
				pairs = append(pairs, r.From+">"+r.To)
			}
			o = append(o, with(m.Tag, append(changes, "r:"+strings.Join(pairs, " "))...))
		}
		p := memory(t, "w").Plan(Facts{Config: conf(o...)})
		if len(p.Errors) > 0 && strings.HasPrefix(p.Errors[0].Text, "cannot apply renamed_classes") {
			continue // L14: Wrangler overwrites the class
		}
		compared++
		got := ""
		if len(p.Errors) > 0 {
			got = p.Errors[0].Text
		}
		equal(t, fmt.Sprintf("case %d: error", i), got, c.Error)
		if c.Error != "" {
			continue
		}
		var want, have []string
		for name, sqlite := range c.Classes {
			want = append(want, fmt.Sprint(name, sqlite))
		}
		for name, class := range p.Classes {
			have = append(have, fmt.Sprint(name, class.Storage == SQLite))
		}
		slices.Sort(want)
		slices.Sort(have)
		equal(t, fmt.Sprintf("case %d: classes", i), fmt.Sprint(have), fmt.Sprint(want))
	}
	if compared < 350 {
		t.Errorf("only %d cases were compared", compared)
	}
}
