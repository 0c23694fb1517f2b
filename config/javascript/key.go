package javascript

import (
	"cmp"
	"math"
	"strconv"
)

// ArrayIndex returns the array index that a property key is.
//
// Source: https://tc39.es/ecma262/#array-index
func ArrayIndex(key string) (uint32, bool) {
	if len(key) == 0 || len(key) > 10 || key[0] < '0' || key[0] > '9' || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(key, 10, 64)
	return uint32(n), err == nil && n < math.MaxUint32
}

// CompareKeys is for a stable sort of an object's keys: array indexes come first, in ascending
// order, and the others stay in the order in which they were set.
//
// Source: https://tc39.es/ecma262/#sec-ordinaryownpropertykeys
func CompareKeys(a, b string) int {
	i, iok := ArrayIndex(a)
	j, jok := ArrayIndex(b)
	switch {
	case iok && jok:
		return cmp.Compare(i, j)
	case iok:
		return -1
	case jok:
		return 1
	}
	return 0
}
