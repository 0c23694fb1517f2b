package storage

import (
	"testing"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// TestAllocations: what a call costs the collector, the values and the arguments included.
func TestAllocations(t *testing.T) {
	s := openRig(t).object(1)
	if _, err := execute(s, "CREATE TABLE t(x)"); err != nil {
		t.Fatal(err)
	}
	entries, keys, args := []driver.Entry{{Key: "k", Value: driver.Number(1)}}, []string{"k"}, []any{1.0}
	query := func(query string, args []any) error {
		rows, err := s.SQL().Exec(query, args)
		if err == nil {
			_, _, err = rows.Next()
			rows.End()
		}
		return err
	}
	for _, tt := range []struct {
		name string
		most float64
		call func() error
	}{
		{"put", 4, func() error { return s.Put(entries) }},
		{"get", 4, func() error { _, err := s.Get(keys); return err }},
		{"kv.put", 3, func() error { return s.KV().Put("k", driver.Number(2)) }},
		{"kv.get", 3, func() error { _, err := s.KV().Get("k"); return err }},
		{"INSERT", 1, func() error { return query("INSERT INTO t VALUES (?)", args) }},
		{"SELECT", 3, func() error { return query("SELECT x FROM t LIMIT 1", nil) }},
		{"put and commit", 4, func() error {
			if err := s.Put(entries); err != nil {
				return err
			}
			return s.flush()
		}},
		{"transactionSync", 4, func() error { return s.TransactionSync(func() error { return nil }, driver.Place{}) }},
		{"setAlarm", 1, func() error { return s.SetAlarm(9e12) }},
	} {
		var failed error
		got := testing.AllocsPerRun(100, func() {
			if err := tt.call(); err != nil {
				failed = err
			}
		})
		if failed != nil || got > tt.most {
			t.Errorf("%s: %v allocations, at most %v; %v", tt.name, got, tt.most, failed)
		}
	}
}
