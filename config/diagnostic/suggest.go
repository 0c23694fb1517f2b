package diagnostic

import (
	"strings"
	"unicode/utf8"
)

// Suggest returns the name that the user probably meant: the nearest one, unless more than a
// third of the letters differ. It returns "" if there is none.
func Suggest(name string, among []string) string {
	// A comparison costs the square of the length, and nobody mistypes such a long name.
	const longest = 64
	n := utf8.RuneCountInString(name)
	if n < 2 || n > longest {
		return ""
	}
	best, least := "", n/3+1
	for _, candidate := range among {
		if d := distance(name, candidate, least); d < least && candidate != name {
			best, least = candidate, d
		}
	}
	return best
}

// DidYouMean puts the name that the user probably meant into a hint, in place of its %s. It
// returns "" if no name is near.
func DidYouMean(name string, among []string, hint string) string {
	if near := Suggest(name, among); near != "" {
		return strings.ReplaceAll(hint, "%s", near)
	}
	return ""
}

// distance counts the letters to insert, remove, change or swap between two
// names (Damerau and Levenshtein), and gives up at a limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d >= limit || -d >= limit {
		return limit
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			change := 1
			if x[i] == y[j] {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
