package migrations

import (
	"encoding/json"
	"testing"
)

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{Migrate: "migrate", Purge: "purge", Transfer: "transfer"} {
		if k.String() != want {
			t.Errorf("%s, want %s", k, want)
		}
	}
}

// TestStepText: what is to be done and what was done differ in the verb.
func TestStepText(t *testing.T) {
	for _, s := range []struct {
		step          Step
		done, planned string
	}{
		{Step{Kind: Migrate, Tag: "v1", what: "no classes"}, "Applied migration v1: no classes", "Apply migration v1: no classes"},
		{Step{Kind: Create, Class: "A", Storage: KV}, "Created Durable Object class A (kv)", "Create Durable Object class A (kv)"},
		{Step{Kind: Adopt, Class: "A", Folder: "f"}, "Adopted the existing data of Durable Object class A in f", "Adopt the existing data of Durable Object class A in f"},
		{Step{Kind: Rename, Class: "B", From: "A"}, "Renamed Durable Object class A to B (data kept)", "Rename Durable Object class A to B (data kept)"},
		{Step{Kind: Delete, Class: "A"}, "Deleted Durable Object class A", "Delete Durable Object class A"},
		{Step{Kind: Purge, Class: "A", Folder: "f"}, "Moved the data of deleted Durable Object class A to f", "Move the data of deleted Durable Object class A to f"},
		{Step{Kind: Transfer, Class: "A", Script: "w"}, "Took Durable Object class A over from Worker w (data kept)", "Take Durable Object class A over from Worker w (data kept)"},
	} {
		equal(t, "done", s.step.String(), s.done)
		equal(t, "planned", s.step.Planned(), s.planned)
	}
	b, err := json.Marshal(Step{Kind: Rename, Class: "B", From: "A", Storage: SQLite, Key: "w-A"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "JSON", string(b), `{"kind":"rename","class":"B","from":"A","storage":"sqlite","unique_key":"w-A","text":"Rename Durable Object class A to B (data kept)"}`)
}
