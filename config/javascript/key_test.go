package javascript

import (
	"slices"
	"testing"
)

// TestCompareKeys: the order is that of Node 20's Object.keys.
func TestCompareKeys(t *testing.T) {
	keys := []string{"b", "10", "a", "4294967295", "9", "01", "", "-1", "4294967294", "0", "1.5"}
	slices.SortStableFunc(keys, CompareKeys)
	want := []string{"0", "9", "10", "4294967294", "b", "a", "4294967295", "01", "", "-1", "1.5"}
	if !slices.Equal(keys, want) {
		t.Errorf("got %q, want %q", keys, want)
	}
}
