package record

import (
	"testing"

	"github.com/seed-36a2c969/emu/config"
)

// TestStepText: the text of a step, whose sum stands in ledgers, has the classes of a list in
// order, and escapes nothing that JSON can hold.
func TestStepText(t *testing.T) {
	step := StepOf(config.Migration{
		Tag:              "v1",
		NewSQLiteClasses: []config.ClassRef{{Name: "b"}, {Name: "<A>&é\u2028\xff"}},
		NewClasses:       []config.ClassRef{},
		RenamedClasses:   []config.Rename{{From: "<z>", To: "a"}, {From: "c", To: "d"}},
		TransferredClasses: []config.Transferred{
			{From: "x", FromScript: "w", To: "y"},
		},
	})
	const want = `{"new_sqlite_classes":["<A>&é\u2028\ufffd","b"],"renamed_classes":[{"from":"<z>","to":"a"},{"from":"c","to":"d"}],"transferred_classes":[{"from":"x","from_script":"w","to":"y"}]}`
	if step.Text() != want {
		t.Errorf("%s, want %s", step.Text(), want)
	}
}
