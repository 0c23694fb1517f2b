package store

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func keys(t testing.TB, db *DB, o ListOptions) any {
	t.Helper()
	list := []any{}
	check(t, db.List(o, func(key string, _ []byte) error {
		list = append(list, key)
		return nil
	}))
	return list
}

// listOptions reads the options of a call k({...}) in a worker. ok is false
// if they are for a layer above.
func listOptions(t testing.TB, text string) (o ListOptions, ok bool) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(\w+): ("(?:[^"\\]|\\.)*"|[\w.-]+)`).FindAllStringSubmatch(text, -1) {
		switch m[1] {
		case "reverse":
			o.Reverse = true
		case "limit":
			n, err := strconv.Atoi(m[2])
			if err != nil || n <= 0 || n > 1<<31-1 {
				return o, false
			}
			o.Limit = n
		default:
			if m[2][0] != '"' {
				return o, false
			}
			s := literal(t, m[2])
			switch m[1] {
			case "start":
				o.Start = s
			case "startAfter":
				o.StartAfter = &s
			case "end":
				o.End = &s
			case "prefix":
				o.Prefix = s
			}
		}
	}
	return o, true
}

func TestKV06(t *testing.T) {
	source, _ := recorded(t, "KV06")
	want := body(t, "KV06")
	db := memory(t)
	var entries []Entry
	for _, k := range []string{"a", "A", "b", "ab", "a:1", "a:2", "é", "\U0001F600", "\uFFFD", "~", "10", "9"} {
		entries = append(entries, Entry{k, []byte(k)})
	}
	check(t, db.PutMany(entries))
	n := 0
	for _, m := range regexp.MustCompile(`r\.(\w+) = await k\((.*?)\);`).FindAllStringSubmatch(source, -1) {
		o, ok := listOptions(t, m[2])
		if _, list := want[m[1]].([]any); !ok || !list {
			continue
		}
		same(t, m[1], keys(t, db, o), want[m[1]])
		n++
	}
	if n < 20 {
		t.Errorf("found only %d lists", n)
	}
}

func TestSK01(t *testing.T) {
	want := body(t, "SK01")
	db := memory(t)
	put := func(list ...string) {
		for _, k := range list {
			check(t, db.Put(k, []byte(k)))
		}
	}
	put("u", "a")
	for _, w := range []string{"del", "del2"} {
		existed, err := db.Delete("a")
		check(t, err)
		same(t, w, existed, want[w])
	}
	put("d", "b", "c", "a")
	pair := func(e Entry) any { return []any{e.Key, string(e.Value)} }
	i1 := db.Iterate(ListOptions{})
	_, _, err := i1.Next()
	check(t, err)
	i2 := db.Iterate(ListOptions{})
	_, _, err = i1.Next()
	same(t, "inval", js(err), want["inval"])
	e, ok, err := i2.Next()
	check(t, err)
	same(t, "i2", map[string]any{"done": !ok, "value": pair(e)}, want["i2"])

	mut := []any{}
	for it := db.Iterate(ListOptions{}); ; {
		e, ok, err := it.Next()
		check(t, err)
		if !ok {
			break
		}
		mut = append(mut, e.Key)
		put("zz")
		_, err = db.Delete("c")
		check(t, err)
	}
	same(t, "mut", mut, want["mut"])
}

func TestKV03Keys(t *testing.T) {
	db := memory(t)
	if _, ok, err := db.Get("a"); ok || err != nil {
		t.Errorf("a table that is not there: %v %v", ok, err)
	}
	if n := len(objects(db, "SELECT * FROM sqlite_schema").([]any)); n != 0 || db.Dirty() {
		t.Error("a read made the table")
	}
	for _, k := range []string{"", "a\x00b", "a"} {
		check(t, db.Put(k, []byte("value of "+k)))
	}
	for _, k := range []string{"", "a\x00b", "a"} {
		v, ok, err := db.Get(k)
		if check(t, err); !ok || string(v) != "value of "+k {
			t.Errorf("%q: %q %v", k, v, ok)
		}
	}
	check(t, db.Put("empty", nil))
	if v, ok, err := db.Get("empty"); v == nil || len(v) != 0 || !ok || err != nil {
		t.Errorf("empty value: %v %v %v", v, ok, err)
	}
}

func TestPutManyIsAllOrNothing(t *testing.T) {
	db := memory(t)
	check(t, db.Put("before", []byte{1}))
	err := db.PutMany([]Entry{{"good", []byte{1}}, {"big", make([]byte, 9<<20)}})
	if err == nil || err.Error() != "string or blob too big: SQLITE_TOOBIG" {
		t.Errorf("error %v", err)
	}
	same(t, "keys", keys(t, db, ListOptions{}), []any{"before"})
	check(t, db.Commit())
}

func TestKV05Delete(t *testing.T) {
	db := memory(t)
	if n, err := db.DeleteMany([]string{"a"}); n != 0 || err != nil {
		t.Errorf("empty: %d %v", n, err)
	}
	check(t, db.PutMany([]Entry{{"a", nil}, {"b", nil}, {"c", nil}}))
	if n, err := db.DeleteMany([]string{"a", "a", "zz", "c"}); n != 2 || err != nil {
		t.Errorf("deleted %d, want 2 (%v)", n, err)
	}
}

func TestKV09(t *testing.T) {
	want := body(t, "KV09")
	for name, o := range map[string]Options{
		"file":           {Path: t.TempDir() + "/a.sqlite"},
		"memory":         {},
		"kept in memory": {Path: "a", Memory: new(Memory)},
	} {
		db := open(t, o)
		check(t, db.PutMany([]Entry{{"a", []byte{1}}, {"b", []byte{2}}}))
		must(t, db, "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
		check(t, db.SetAlarm(1))
		check(t, db.Commit())
		check(t, db.DeleteAll())
		same(t, name+": list", keys(t, db, ListOptions{}), []any{})
		same(t, name+": table", objects(db, "SELECT * FROM t"), want["table"])
		same(t, name+": tables", objects(db, "SELECT name FROM sqlite_master"), want["tables"])
		if _, ok, err := db.Alarm(); ok || err != nil {
			t.Errorf("%s: alarm %v %v", name, ok, err)
		}
		size, err := db.Size()
		check(t, err)
		same(t, name+": size", float64(size), want["size"])

		r := must(t, db, "CREATE TABLE t(x); INSERT INTO t VALUES (1),(2),(3); SELECT * FROM t")
		r.Next()
		check(t, db.Put("k", []byte{1}))
		it := db.Iterate(ListOptions{})
		check(t, db.DeleteAll())
		_, _, err = r.Next()
		same(t, name+": cursorAfter", js(err), want["cursorAfter"])
		if _, _, err := it.Next(); err == nil {
			t.Errorf("%s: the iterator goes on", name)
		}
		if db.Dirty() {
			t.Errorf("%s: dirty", name)
		}
		check(t, db.Put("z", []byte{1}))
		check(t, db.Commit())
	}
}

func TestKV11(t *testing.T) {
	want := body(t, "KV11")
	db := memory(t)
	insert := func(n string) { must(t, db, "INSERT INTO t VALUES ("+n+")") }
	rows := func() any { return objects(db, "SELECT x FROM t") }
	must(t, db, "CREATE TABLE t(x)")
	check(t, db.Savepoint("_cf_sync_savepoint_0"))
	insert("1")
	check(t, db.Release("_cf_sync_savepoint_0"))
	check(t, db.Savepoint("_cf_sync_savepoint_0"))
	insert("2")
	check(t, db.RollbackTo("_cf_sync_savepoint_0"))
	same(t, "rows", rows(), want["rows"])

	check(t, db.Savepoint("_cf_sync_savepoint_0"))
	insert("3")
	check(t, db.Savepoint("_cf_sync_savepoint_1"))
	insert("4")
	check(t, db.RollbackTo("_cf_sync_savepoint_1"))
	check(t, db.Savepoint("_cf_sync_savepoint_1"))
	insert("5")
	check(t, db.Release("_cf_sync_savepoint_1"))
	check(t, db.Release("_cf_sync_savepoint_0"))
	same(t, "rows2", rows(), want["rows2"])

	check(t, db.Savepoint("s"))
	check(t, db.Put("a", []byte{1}))
	check(t, db.RollbackTo("s"))
	if _, ok, err := db.Get("a"); ok || err != nil {
		t.Errorf("a key whose table was rolled back: %v %v", ok, err)
	}
	check(t, db.Put("a", []byte{1}))
	check(t, db.Commit())
}

func TestPITR01(t *testing.T) {
	_, bodies := recorded(t, "PITR01")
	o := Options{Path: t.TempDir() + "/a.sqlite"}
	for _, b := range bodies {
		want := b.(map[string]any)
		db := open(t, o)
		must(t, db, "CREATE TABLE IF NOT EXISTS __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)")
		for _, key := range []string{"cur", "cur2"} {
			got, err := db.Bookmark()
			check(t, err)
			same(t, key, got, want[key])
		}
		check(t, db.Put("a", []byte{1}))
		got, err := db.Bookmark()
		check(t, err)
		same(t, "cur3", got, want["cur3"])
		tables := objects(db, "SELECT name, sql FROM sqlite_master ORDER BY name").([]any)
		for i, w := range want["tables"].([]any) {
			a, b := tables[i].(map[string]any), w.(map[string]any)
			same(t, "table", strings.Replace(a["sql"].(string), "IF NOT EXISTS ", "", 1), b["sql"])
		}
		check(t, db.Commit())
		check(t, db.Close())
	}
}

func TestAlarm(t *testing.T) {
	db := memory(t)
	check(t, db.DeleteAlarm())
	if db.Dirty() {
		t.Error("deleting no alarm wrote")
	}
	check(t, db.SetAlarm(4102444800000000000))
	if ns, ok, err := db.Alarm(); ns != 4102444800000000000 || !ok || err != nil {
		t.Errorf("alarm %d %v %v", ns, ok, err)
	}
	check(t, db.DeleteAlarm())
	if _, ok, err := db.Alarm(); ok || err != nil {
		t.Errorf("deleted alarm: %v %v", ok, err)
	}
	n, _, err := db.conn.Number("SELECT count(*) FROM _cf_METADATA WHERE key = 1 AND value IS NULL")
	if n != 1 || err != nil {
		t.Errorf("%d rows (%v), want one with NULL as workerd leaves it", n, err)
	}
}

func TestDISK08Name(t *testing.T) {
	want := body(t, "DISK08")
	db := memory(t)
	if _, ok, err := db.Name(); ok || err != nil {
		t.Errorf("no table: %v %v", ok, err)
	}
	create := want["tables"].([]any)[0].(map[string]any)["sql"].(string)
	must(t, db, create)
	if _, ok, err := db.Name(); ok || err != nil {
		t.Errorf("no row: %v %v", ok, err)
	}
	must(t, db, "INSERT INTO __miniflare_do_name VALUES (1, 'a')")
	if name, ok, err := db.Name(); name != "a" || !ok || err != nil {
		t.Errorf("name %q %v %v", name, ok, err)
	}
	must(t, db, "DROP TABLE __miniflare_do_name")
}

func TestAlarms(t *testing.T) {
	o := Options{Path: t.TempDir() + "/metadata.sqlite"}
	a, err := OpenAlarms(o)
	check(t, err)
	check(t, a.Set(Alarm{"b", 20, "name"}))
	check(t, a.Set(Alarm{"a", 30, ""}))
	check(t, a.Set(Alarm{"a", 10, ""}))
	check(t, a.Set(Alarm{"c", 5, "x"}))
	check(t, a.Delete("c"))
	check(t, a.Delete("nobody"))
	check(t, a.Close())
	a, err = OpenAlarms(o)
	check(t, err)
	defer a.Close()
	all, err := a.All()
	check(t, err)
	same(t, "all", all, []Alarm{{"a", 10, ""}, {"b", 20, "name"}})
}
