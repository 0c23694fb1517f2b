package durable

import "github.com/seed-36a2c969/emu/emulator/durable/driver"

// StorageOf and ValueOf are for packages that show an object from outside, such
// as emutest; a class has its storage from [State.Storage].

// StorageOf returns the storage behind s.
func StorageOf(s driver.Storage) *Storage { return &Storage{s} }

// ValueOf returns v as a [Value]; nil is undefined.
func ValueOf(v driver.Value) Value { return Value{v} }
