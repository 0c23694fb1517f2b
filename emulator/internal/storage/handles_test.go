package storage

import "testing"

// TestHandles: databases that are not in use are closed when there are too many,
// and opened again without anybody noticing.
func TestHandles(t *testing.T) {
	n := openRig(t)
	n.handles.max = 3
	count := func(s *Storage) any {
		t.Helper()
		value, err := execute(s, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (1); SELECT count(*) FROM t")
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	reading, setting := n.object(100), n.object(101)
	count(reading)
	rows, err := reading.SQL().Exec("SELECT x FROM t UNION ALL SELECT 2", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := rows.Next(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := execute(setting, "PRAGMA recursive_triggers = on"); err != nil {
		t.Fatal(err)
	}
	objects := make([]*Storage, 10)
	for i := range objects {
		objects[i] = n.object(i)
	}
	for round := range int64(3) {
		for i, s := range objects {
			if got := count(s); got != round+1 {
				t.Errorf("object %d has %v rows, want %d", i, got, round+1)
			}
			if open := n.handles.Len(); open > n.handles.max+1 {
				t.Fatalf("round %d: %d databases are open", round, open)
			}
		}
	}
	if on, err := execute(setting, "PRAGMA recursive_triggers"); err != nil || on != int64(1) {
		t.Errorf("the database with a setting was closed: recursive_triggers %v, %v", on, err)
	}
	if row, ok, err := rows.Next(); !ok || err != nil || row[0] != int64(2) {
		t.Errorf("the database with an open cursor was closed: %v %v %v", row, ok, err)
	}
}

func (h *Handles) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list.Len()
}
