package migrations

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-36a2c969/emu/config"
	"github.com/seed-36a2c969/emu/config/diagnostic"
	"github.com/seed-36a2c969/emu/migrations/internal/record"
)

// planCase is a start after others. The state of earlier starts is in memory.
type planCase struct {
	id     string
	before []*config.Config
	now    *config.Config
	facts  func(*Facts)
	data   string // the unique key whose folder holds an object

	steps    string // a line each
	classes  string
	errors   string
	warnings string
	place    int // the line that the first error or warning is about
	hint     string
}

func strict(f *Facts) { f.Strict = true }

func registered(classes ...string) func(*Facts) {
	return func(f *Facts) { f.Registered = append([]string{}, classes...) }
}

func both(a, b func(*Facts)) func(*Facts) { return func(f *Facts) { a(f); b(f) } }

const diverged = "this start uses the migrations of wrangler.jsonc, not the applied ones; classes that both have keep their data"

var planCases = []planCase{
	{
		id:      "L1",
		now:     conf(bind("Chat"), with("v1", "s:Chat"), with("v2", "n:Old Older")),
		steps:   "Applied migration v1: new_sqlite_classes [Chat]\nApplied migration v2: new_classes [Old, Older]",
		classes: "Chat=sqlite:w-Chat Old=kv:w-Old Older=kv:w-Older",
	},
	{
		id:      "L2",
		before:  []*config.Config{conf(with("v1", "s:Chat"), with("v2", "n:Old"))},
		now:     conf(with("v1", "s:Chat"), with("v2", "n:Old")),
		classes: "Chat=sqlite:w-Chat Old=kv:w-Old",
	},
	{
		id:      "L3",
		before:  []*config.Config{conf(with("v1", "s:A B"))},
		now:     conf(with("v1", "s:A B"), with("v2", "s:A", "n:D", "r:B>C", "d:A")),
		steps:   "Applied migration v2: deleted_classes [A], renamed_classes [B -> C], new_classes [D], new_sqlite_classes [A]\nDeleted Durable Object class A\nRenamed Durable Object class B to C (data kept)",
		classes: "A=sqlite:w-A~2 C=sqlite:w-B D=kv:w-D",
	},
	{
		id:       "L4 dev",
		before:   []*config.Config{conf(with("v1", "s:Chat"))},
		now:      conf(bind("Room"), with("v1", "s:Chat Room")),
		steps:    "Created Durable Object class Room (sqlite)",
		classes:  "Chat=sqlite:w-Chat Room=sqlite:w-Room",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged,
		place:    10,
		hint:     "add a new migration instead, or run with --reset-migrations",
	},
	{
		id:      "L4 strict",
		before:  []*config.Config{conf(with("v1", "s:Chat"))},
		now:     conf(with("v1", "s:Chat Room")),
		facts:   strict,
		classes: "Chat=sqlite:w-Chat",
		errors:  "migration \"v1\" was already applied with different contents; applied migrations cannot be edited",
		place:   10,
	},
	{
		id:      "L4 order of a list is no edit",
		before:  []*config.Config{conf(with("v1", "s:A B", "n:C D"))},
		now:     conf(with("v1", "s:B A", "n:D C")),
		facts:   strict,
		classes: "A=sqlite:w-A B=sqlite:w-B C=kv:w-C D=kv:w-D",
	},
	{
		id:       "L5",
		before:   []*config.Config{conf(with("v1", "s:A"), with("v2", "s:B"))},
		now:      conf(with("v2", "s:B")),
		facts:    strict,
		classes:  "A=sqlite:w-A B=sqlite:w-B",
		warnings: "migration \"v1\" was applied but is no longer in wrangler.jsonc",
	},
	{
		id:       "L6 dev",
		before:   []*config.Config{conf(with("v1", "s:Chat"), with("v2", "r:Chat>Room"))},
		now:      conf(bind("Chat"), with("v1", "s:Chat")),
		classes:  "Chat=sqlite:w-Chat",
		warnings: "the local state has migration tag \"v2\", which was not found in wrangler.jsonc\n" + diverged,
		hint:     "put it back, or run with --reset-migrations",
	},
	{
		id:      "L6 strict",
		before:  []*config.Config{conf(with("v1", "s:Chat"), with("v2", "r:Chat>Room"))},
		now:     conf(bind("Room"), with("v1", "s:Chat")),
		facts:   strict,
		classes: "Room=sqlite:w-Chat",
		errors:  "the local state has migration tag \"v2\", which was not found in wrangler.jsonc",
	},
	{
		id:       "L7 inserted, dev",
		before:   []*config.Config{conf(with("v1", "s:A"), with("v2", "s:B"))},
		now:      conf(with("v1", "s:A"), with("v1b", "s:C"), with("v2", "s:B")),
		steps:    "Created Durable Object class C (sqlite)",
		classes:  "A=sqlite:w-A B=sqlite:w-B C=sqlite:w-C",
		warnings: "migration \"v1b\" was inserted before already applied migration \"v2\"; append new migrations at the end\n" + diverged,
		place:    20,
	},
	{
		id:      "L7 inserted, strict",
		before:  []*config.Config{conf(with("v1", "s:A"), with("v2", "s:B"))},
		now:     conf(with("v1", "s:A"), with("v1b", "s:C"), with("v2", "s:B")),
		facts:   strict,
		classes: "A=sqlite:w-A B=sqlite:w-B",
		errors:  "migration \"v1b\" was inserted before already applied migration \"v2\"; append new migrations at the end",
		place:   20,
	},
	{
		id:      "L7 reordered, strict",
		before:  []*config.Config{conf(with("v1", "s:A"), with("v2", "s:B"))},
		now:     conf(with("v2", "s:B"), with("v1", "s:A")),
		facts:   strict,
		classes: "A=sqlite:w-A B=sqlite:w-B",
		errors:  "migration \"v2\" was moved before already applied migration \"v1\"; applied migrations keep their order",
		place:   10,
	},
	{
		id:       "L8 dev",
		now:      conf(with("v1", "s:A"), with("v1", "s:B")),
		steps:    "Applied migration v1: new_sqlite_classes [A]\nApplied migration v1: new_sqlite_classes [B]",
		classes:  "A=sqlite:w-A B=sqlite:w-B",
		warnings: "duplicate migration tag \"v1\" (migrations[0] and migrations[1]); tags must be unique",
		place:    20,
		hint:     "give the later one a new tag",
	},
	{
		id:       "L8 dev, again",
		before:   []*config.Config{conf(with("v1", "s:A"), with("v1", "s:B"))},
		now:      conf(with("v1", "s:A"), with("v1", "s:B"), with("v1", "s:C")),
		steps:    "Applied migration v1: new_sqlite_classes [C]",
		classes:  "A=sqlite:w-A B=sqlite:w-B C=sqlite:w-C",
		warnings: "duplicate migration tag \"v1\" (migrations[0] and migrations[1]); tags must be unique\nduplicate migration tag \"v1\" (migrations[0] and migrations[2]); tags must be unique",
	},
	{
		id:     "L8 strict",
		now:    conf(with("v1", "s:A"), with("v1", "s:B")),
		facts:  strict,
		errors: "duplicate migration tag \"v1\" (migrations[0] and migrations[1]); tags must be unique",
		place:  20,
	},
	{
		id:     "L9 empty tag",
		now:    conf(with("", "s:A")),
		errors: "\"migrations[0].tag\" must be a non-empty string",
		place:  10,
		hint:   "give it one, such as \"v1\"",
	},
	{
		id:      "L9 empty step",
		now:     conf(with("v1"), with("v2", "s:A")),
		steps:   "Applied migration v1: no classes\nApplied migration v2: new_sqlite_classes [A]",
		classes: "A=sqlite:w-A",
	},
	{
		id:      "L10",
		before:  []*config.Config{conf(with("v1", "s:X"))},
		now:     conf(with("v1", "s:X"), with("v2", "s:X")),
		errors:  "Cannot apply new_sqlite_classes migration to existing class X",
		classes: "X=sqlite:w-X",
		place:   22,
		hint:    "remove \"X\" from new_sqlite_classes in wrangler.jsonc",
		steps:   "Applied migration v2: new_sqlite_classes [X]",
	},
	{
		id:      "L11",
		now:     conf(with("v1", "n:X", "s:X")),
		errors:  "Cannot apply new_sqlite_classes migration to existing class X",
		classes: "X=kv:w-X",
		place:   12,
		steps:   "Applied migration v1: new_classes [X], new_sqlite_classes [X]",
	},
	{
		id:      "L12",
		before:  []*config.Config{conf(bind("Old"), with("v1", "n:Old"))},
		now:     conf(bind("New"), with("v1", "n:Old"), with("v2", "r:Old>New")),
		steps:   "Applied migration v2: renamed_classes [Old -> New]\nRenamed Durable Object class Old to New (data kept)",
		classes: "New=kv:w-Old",
	},
	{
		id:     "L13",
		now:    conf(with("v1", "r:Old>New")),
		steps:  "Applied migration v1: renamed_classes [Old -> New]",
		errors: "Cannot apply renamed_classes migration to non-existent class Old",
		place:  14,
	},
	{
		id:      "L14",
		now:     conf(with("v1", "s:Old New"), with("v2", "r:Old>New")),
		steps:   "Applied migration v1: new_sqlite_classes [Old, New]\nApplied migration v2: renamed_classes [Old -> New]",
		classes: "New=sqlite:w-New Old=sqlite:w-Old",
		errors:  "cannot apply renamed_classes migration: target class New already exists",
		place:   24,
	},
	{
		id:      "L15",
		now:     conf(with("v1", "s:A"), with("v2", "r:A>B B>C")),
		steps:   "Applied migration v1: new_sqlite_classes [A]\nApplied migration v2: renamed_classes [A -> B, B -> C]\nRenamed Durable Object class A to B (data kept)\nRenamed Durable Object class B to C (data kept)",
		classes: "C=sqlite:w-A",
	},
	{
		id:      "L16",
		before:  []*config.Config{conf(with("v1", "s:A")), conf(with("v1", "s:A"), with("v2", "r:A>B"))},
		now:     conf(with("v1", "s:A"), with("v2", "r:A>B"), with("v3", "n:A")),
		steps:   "Applied migration v3: new_classes [A]",
		classes: "A=kv:w-A~2 B=sqlite:w-A",
	},
	{
		id:     "L17",
		before: []*config.Config{conf(bind("X"), with("v1", "s:X"))},
		now:    conf(with("v1", "s:X"), with("v2", "d:X")),
		steps:  "Applied migration v2: deleted_classes [X]\nDeleted Durable Object class X",
	},
	{
		id:     "L18",
		before: []*config.Config{conf(bind("X"), with("v1", "s:X"))},
		now:    conf(bind("X"), with("v1", "s:X"), with("v2", "d:X")),
		steps:  "Applied migration v2: deleted_classes [X]\nDeleted Durable Object class X",
		// What a class would be is of no use with an error.
		classes: "X=kv:w-X~2",
		errors:  "Cannot apply --delete-class migration to class 'X' without also removing the binding that references it. [code: 10061]",
		place:   23,
		hint:    "remove the binding X in wrangler.jsonc",
	},
	{
		id:     "L19",
		now:    conf(with("v1", "d:X")),
		steps:  "Applied migration v1: deleted_classes [X]",
		errors: "Cannot apply deleted_classes migration to non-existent class X",
		place:  13,
		hint:   "remove \"X\" from deleted_classes in wrangler.jsonc",
	},
	{
		id:      "L20",
		before:  []*config.Config{conf(with("v1", "s:X"), with("v2", "d:X"))},
		now:     conf(bind("X"), with("v1", "s:X"), with("v2", "d:X"), with("v3", "s:X")),
		steps:   "Applied migration v3: new_sqlite_classes [X]",
		classes: "X=sqlite:w-X~2",
	},
	{
		id:      "L20 twice",
		now:     conf(bind("X"), with("v1", "s:X"), with("v2", "d:X"), with("v3", "s:X"), with("v4", "d:X"), with("v5", "n:X")),
		steps:   "Applied migration v1: new_sqlite_classes [X]\nApplied migration v2: deleted_classes [X]\nDeleted Durable Object class X\nApplied migration v3: new_sqlite_classes [X]\nApplied migration v4: deleted_classes [X]\nDeleted Durable Object class X\nApplied migration v5: new_classes [X]",
		classes: "X=kv:w-X~3",
	},
	{
		id:       "L21 without a peer",
		now:      conf(bind("X"), with("v1", "t:other:Y>X")),
		steps:    "Applied migration v1: transferred_classes [other:Y -> X]",
		classes:  "X=sqlite:w-X",
		warnings: "cannot transfer class Y from Worker other: no local state of it there; starting empty",
		place:    15,
		hint:     "start other once with the same --persist-to before this Worker",
	},
	{
		id:      "L21 onto a live class",
		now:     conf(with("v1", "s:X"), with("v2", "t:other:Y>X")),
		steps:   "Applied migration v1: new_sqlite_classes [X]\nApplied migration v2: transferred_classes [other:Y -> X]",
		classes: "X=sqlite:w-X",
		errors:  "cannot apply transferred_classes migration: target class X already exists",
		place:   25,
	},
	{
		// The warning is the configuration's.
		id:      "L22",
		now:     conf(bind("X")),
		classes: "X=kv:w-X",
	},
	{
		id:      "L22 strict",
		now:     conf(bind("X")),
		facts:   strict,
		classes: "X=kv:w-X",
		errors:  "Cannot create binding for class 'X' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it. [code: 10061]",
		place:   5,
	},
	{
		id:       "L23",
		now:      conf(bind("X", "Y"), with("v1", "s:Y")),
		steps:    "Applied migration v1: new_sqlite_classes [Y]",
		classes:  "X=kv:w-X Y=sqlite:w-Y",
		warnings: "Durable Object class X is bound but no migration creates it; using key-value storage, and production rejects this (10061)",
		place:    5,
		hint:     "add {\"tag\": \"...\", \"new_sqlite_classes\": [\"X\"]} to migrations",
	},
	{
		id:       "L23 after a deletion",
		before:   []*config.Config{conf(with("v1", "s:X"), with("v2", "d:X"))},
		now:      conf(bind("X"), with("v1", "s:X"), with("v2", "d:X")),
		classes:  "X=kv:w-X~2",
		warnings: "Durable Object class X is bound but no migration creates it; using key-value storage, and production rejects this (10061)",
	},
	{
		id:      "L24",
		now:     conf(bind("X", "Y", "Z"), with("v1", "s:X Y Z")),
		facts:   registered("Y"),
		steps:   "Applied migration v1: new_sqlite_classes [X, Y, Z]",
		classes: "X=sqlite:w-X Y=sqlite:w-Y Z=sqlite:w-Z",
		errors:  "Your Worker depends on the following Durable Objects, which are not exported in your entrypoint file: X, Z.\nYou should export these objects from your entrypoint, src/worker.go.",
		place:   5,
	},
	{
		id:       "L25 dev",
		now:      conf(bind("Y"), with("v1", "s:X Y")),
		facts:    registered("Y"),
		steps:    "Applied migration v1: new_sqlite_classes [X, Y]",
		classes:  "X=sqlite:w-X Y=sqlite:w-Y",
		warnings: "Cannot apply new-class migration to class 'X' that is not exported by script [code: 10070]",
		place:    12,
	},
	{
		id:      "L25 strict",
		now:     conf(with("v1", "s:X")),
		facts:   both(strict, registered()),
		steps:   "Applied migration v1: new_sqlite_classes [X]",
		classes: "X=sqlite:w-X",
		errors:  "Cannot apply new-class migration to class 'X' that is not exported by script [code: 10070]",
		place:   12,
	},
	{
		id:       "L26",
		before:   []*config.Config{conf(with("v1", "s:X"))},
		now:      conf(with("v1", "s:X")),
		facts:    registered("Y"),
		classes:  "X=sqlite:w-X",
		warnings: "New version of script does not export class 'X' which is depended on by existing Durable Objects. Did you forget to include it? If you renamed it, try a rename-class migration. If you want to delete all the Durable Objects implemented by the class, you can use a delete-class migration [code: 10064]",
		hint:     "export the class, or add a migration with \"deleted_classes\": [\"X\"]",
	},
	{
		// As in wrangler dev the data stays; what is applied does not change.
		id:       "L27",
		before:   []*config.Config{conf(bind("X"), with("v1", "n:X"))},
		now:      conf(bind("X"), with("v1", "s:X")),
		classes:  "X=sqlite:w-X",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged,
		place:    10,
	},
	{
		id:      "L27 strict",
		before:  []*config.Config{conf(bind("X"), with("v1", "n:X")), conf(bind("X"), with("v1", "s:X"))},
		now:     conf(bind("X"), with("v1", "s:X")),
		facts:   strict,
		classes: "X=kv:w-X",
		errors:  "migration \"v1\" was already applied with different contents; applied migrations cannot be edited",
		place:   10,
	},
	{
		id:      "L31",
		now:     conf(bind("Room"), export("Room", ""), export("Old", "legacy-kv"), export("Gone", "deleted")),
		steps:   "Created Durable Object class Room (sqlite)\nCreated Durable Object class Old (kv)",
		classes: "Old=kv:w-Old Room=sqlite:w-Room",
	},
	{
		id:      "L31 again",
		before:  []*config.Config{conf(export("Room", ""), export("Gone", "deleted"))},
		now:     conf(export("Room", ""), export("Gone", "deleted")),
		classes: "Room=sqlite:w-Room",
	},
	{
		id:      "L31 renamed",
		before:  []*config.Config{conf(export("Chat", ""))},
		now:     conf(bind("Room"), export("Chat", ">Room"), export("Room", "")),
		steps:   "Renamed Durable Object class Chat to Room (data kept)",
		classes: "Room=sqlite:w-Chat",
	},
	{
		id:      "L31 renamed, again",
		before:  []*config.Config{conf(export("Chat", "")), conf(export("Chat", ">Room"), export("Room", ""))},
		now:     conf(bind("Room"), export("Chat", ">Room"), export("Room", "")),
		classes: "Room=sqlite:w-Chat",
	},
	{
		id:      "L31 the branch before a rename",
		before:  []*config.Config{conf(export("Chat", "")), conf(export("Chat", ">Room"), export("Room", ""))},
		now:     conf(bind("Chat"), export("Chat", "")),
		steps:   "Renamed Durable Object class Room to Chat (data kept)",
		classes: "Chat=sqlite:w-Chat",
	},
	{
		id:      "L31 renamed onto a live class",
		before:  []*config.Config{conf(export("Chat", ""), export("Room", ""))},
		now:     conf(export("Chat", ">Room"), export("Room", "")),
		errors:  "cannot rename class Chat to Room: the target class already has local state",
		classes: "Chat=sqlite:w-Chat Room=sqlite:w-Room",
		place:   70,
	},
	{
		id:      "L31 deleted and created again",
		before:  []*config.Config{conf(export("X", "")), conf(export("X", "deleted"), export("Y", ""))},
		now:     conf(export("X", ""), export("Y", "")),
		steps:   "Created Durable Object class X (sqlite)",
		classes: "X=sqlite:w-X~2 Y=sqlite:w-Y",
	},
	{
		id:      "L31 deleted while bound",
		before:  []*config.Config{conf(bind("X"), export("X", ""))},
		now:     conf(bind("X"), export("X", "deleted")),
		steps:   "Deleted Durable Object class X",
		classes: "X=kv:w-X~2",
		errors:  "Cannot apply --delete-class migration to class 'X' without also removing the binding that references it. [code: 10061]",
		place:   70,
	},
	{
		// EXP04: a binding to a tombstone of nothing is a key-value class.
		id:      "EXP04",
		now:     conf(bind("X"), export("X", "deleted")),
		classes: "X=kv:w-X",
	},
	{
		id:       "L31 storage, dev",
		before:   []*config.Config{conf(export("X", "legacy-kv"))},
		now:      conf(export("X", "sqlite")),
		classes:  "X=sqlite:w-X",
		warnings: "cannot change storage of class X from kv to sqlite",
		place:    70,
	},
	{
		id:      "L31 storage, strict",
		before:  []*config.Config{conf(export("X", "legacy-kv"))},
		now:     conf(export("X", "sqlite")),
		facts:   strict,
		classes: "X=kv:w-X",
		errors:  "cannot change storage of class X from kv to sqlite",
		place:   70,
	},
	{
		id:       "L31 left out",
		before:   []*config.Config{conf(export("X", ""), export("Y", ""))},
		now:      conf(export("Y", "")),
		classes:  "X=sqlite:w-X Y=sqlite:w-Y",
		warnings: "class X has local state and is not declared in exports",
	},
	{
		id:      "L31 after migrations",
		before:  []*config.Config{conf(with("v1", "s:Chat Gone"), with("v2", "r:Chat>Room"))},
		now:     conf(export("Room", ""), export("Gone", "deleted")),
		steps:   "Deleted Durable Object class Gone",
		classes: "Room=sqlite:w-Chat",
	},
	{
		id:      "L31 before migrations",
		before:  []*config.Config{conf(export("Chat", ""))},
		now:     conf(with("v1", "s:Chat")),
		steps:   "Applied migration v1: new_sqlite_classes [Chat]",
		classes: "Chat=sqlite:w-Chat",
	},
	{
		// On a branch from before the first migration.
		id:       "L6 without migrations",
		before:   []*config.Config{conf(bind("X"), with("v1", "s:X"))},
		now:      conf(bind("X", "Y")),
		classes:  "X=kv:w-X Y=kv:w-Y",
		warnings: "the local state has migration tag \"v1\", which was not found in wrangler.jsonc\n" + diverged,
	},
	{
		// A binding left over from a deletion is no worse with an edit.
		id:       "L4 with a deleted class bound",
		before:   []*config.Config{conf(with("v1", "s:X"), with("v2", "d:X"))},
		now:      conf(bind("X"), with("v1", "s:X Y"), with("v2", "d:X")),
		steps:    "Created Durable Object class Y (sqlite)",
		classes:  "X=kv:w-X~2 Y=sqlite:w-Y",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged + "\nDurable Object class X is bound but no migration creates it; using key-value storage, and production rejects this (10061)",
	},
	{
		id:     "a class that leaves its folder",
		now:    conf(bind("../../x"), with("v1", "s:a/b")),
		errors: "class name \"a/b\" cannot name a folder\nclass name \"../../x\" cannot name a folder",
		place:  12,
	},
	{
		id:      "a mistyped class that was applied is forgotten once it is corrected",
		before:  []*config.Config{conf(with("v1", "s:Chta Log"))},
		now:     conf(bind("Chat"), with("v1", "s:Chat Log")),
		facts:   registered("Chat", "Log"),
		steps:   "Applied migration v1: new_sqlite_classes [Chat, Log]",
		classes: "Chat=sqlite:w-Chat Log=sqlite:w-Log",
	},
	{
		id:      "a mistyped class, in a later start",
		before:  []*config.Config{conf(with("v1", "s:Chta"), with("v2", "s:Log"))},
		now:     conf(bind("Chat"), with("v1b", "s:Chat"), with("v2", "s:Log")),
		facts:   registered("Chat", "Log"),
		steps:   "Applied migration v1b: new_sqlite_classes [Chat]\nApplied migration v2: new_sqlite_classes [Log]",
		classes: "Chat=sqlite:w-Chat Log=sqlite:w-Log",
	},
	{
		id:       "a mistyped class that has data stays",
		before:   []*config.Config{conf(with("v1", "s:Chta"))},
		now:      conf(bind("Chat"), with("v1", "s:Chat")),
		facts:    registered("Chat"),
		data:     "w-Chta",
		steps:    "Created Durable Object class Chat (sqlite)",
		classes:  "Chat=sqlite:w-Chat",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged,
	},
	{
		id:       "a mistyped tag",
		before:   []*config.Config{conf(bind("Chat"), with("vl", "s:Chat"))},
		now:      conf(bind("Chat"), with("v1", "s:Chat")),
		facts:    registered("Chat"),
		data:     "w-Chat",
		classes:  "Chat=sqlite:w-Chat",
		warnings: "migration \"vl\", which was applied, is \"v1\" now: the same steps under another tag",
	},
	{
		id:       "a mistyped tag, and a later step",
		before:   []*config.Config{conf(bind("Chat"), with("vl", "s:Chat"))},
		now:      conf(bind("Room"), with("v1", "s:Chat"), with("v2", "r:Chat>Room")),
		facts:    registered("Room"),
		data:     "w-Chat",
		steps:    "Applied migration v2: renamed_classes [Chat -> Room]\nRenamed Durable Object class Chat to Room (data kept)",
		classes:  "Room=sqlite:w-Chat",
		warnings: "migration \"vl\", which was applied, is \"v1\" now: the same steps under another tag",
	},
	{
		id:       "a tag that another step has now is not mistyped",
		before:   []*config.Config{conf(bind("Chat"), with("v1", "s:Chat"))},
		now:      conf(with("v0", "s:Chat"), with("v1", "d:Chat")),
		facts:    registered("Chat"),
		steps:    "Created Durable Object class Chat (sqlite)",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\nmigration \"v0\" was inserted before already applied migration \"v1\"; append new migrations at the end\n" + diverged,
	},
	{
		id:       "a class that the program has is not mistyped",
		before:   []*config.Config{conf(bind("Chat"), with("v1", "s:Chat Log"))},
		now:      conf(bind("Chat"), with("v1", "s:Chat")),
		facts:    registered("Chat", "Log"),
		classes:  "Chat=sqlite:w-Chat",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged,
	},
	{
		id:      "a mistyped tag, strict",
		before:  []*config.Config{conf(bind("Chat"), with("vl", "s:Chat"))},
		now:     conf(bind("Chat"), with("v1", "s:Chat")),
		facts:   strict,
		classes: "Chat=sqlite:w-Chat",
		errors:  "the local state has migration tag \"vl\", which was not found in wrangler.jsonc",
	},
	{
		id:      "a list of classes that is mistyped, so that the step was empty",
		before:  []*config.Config{conf(bind("Chat"), with("v1"))},
		now:     conf(bind("Chat"), with("v1", "s:Chat")),
		facts:   registered("Chat"),
		data:    "w-Chat",
		steps:   "Applied migration v1: new_sqlite_classes [Chat]",
		classes: "Chat=sqlite:w-Chat",
	},
	{
		id:      "the wrong list of classes",
		before:  []*config.Config{conf(bind("Chat"), with("v1", "n:Chat"))},
		now:     conf(bind("Chat"), with("v1", "s:Chat")),
		facts:   registered("Chat"),
		steps:   "Applied migration v1: new_sqlite_classes [Chat]",
		classes: "Chat=sqlite:w-Chat",
	},
	{
		id:       "the wrong list of classes, with data",
		before:   []*config.Config{conf(bind("Chat"), with("v1", "n:Chat"))},
		now:      conf(bind("Chat"), with("v1", "s:Chat")),
		facts:    registered("Chat"),
		data:     "w-Chat",
		classes:  "Chat=sqlite:w-Chat",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged,
	},
	{
		id:      "a mistyped target of a rename",
		before:  []*config.Config{conf(with("v1", "s:Old"), with("v2", "r:Old>Chta"))},
		now:     conf(bind("Chat"), with("v1", "s:Old"), with("v2", "r:Old>Chat")),
		facts:   registered("Chat"),
		data:    "w-Old",
		steps:   "Applied migration v1: new_sqlite_classes [Old]\nApplied migration v2: renamed_classes [Old -> Chat]\nRenamed Durable Object class Old to Chat (data kept)",
		classes: "Chat=sqlite:w-Old",
	},
	{
		id:       "an edit that is no mistyped class",
		before:   []*config.Config{conf(with("v1", "s:Chat"))},
		now:      conf(bind("Chat"), with("v1", "s:Chat Log")),
		facts:    registered("Chat", "Log"),
		steps:    "Created Durable Object class Log (sqlite)",
		classes:  "Chat=sqlite:w-Chat Log=sqlite:w-Log",
		warnings: "migration \"v1\" was already applied with different contents; applied migrations cannot be edited\n" + diverged,
	},
	{
		id:       "a class_name that is mistyped",
		now:      conf(bind("Chta"), with("v1", "s:Chat")),
		steps:    "Applied migration v1: new_sqlite_classes [Chat]",
		classes:  "Chat=sqlite:w-Chat Chta=kv:w-Chta",
		warnings: "Durable Object class Chta is bound but no migration creates it; using key-value storage, and production rejects this (10061)",
		hint:     "did you mean Chat, which migrations create?",
	},
	{
		id:       "a class in migrations that is mistyped",
		now:      conf(bind("Chat"), with("v1", "s:Chta")),
		facts:    registered("Chat"),
		steps:    "Applied migration v1: new_sqlite_classes [Chta]",
		classes:  "Chat=kv:w-Chat Chta=sqlite:w-Chta",
		warnings: "Durable Object class Chat is bound but no migration creates it; using key-value storage, and production rejects this (10061)\nCannot apply new-class migration to class 'Chta' that is not exported by script [code: 10070]",
		hint:     "migrations create Chta: did you mean Chat there?",
	},
	{
		id:       "a class beside one of nearly its name, which is bound",
		now:      conf(bind("Room1", "Room2"), with("v1", "s:Room1")),
		steps:    "Applied migration v1: new_sqlite_classes [Room1]",
		classes:  "Room1=sqlite:w-Room1 Room2=kv:w-Room2",
		warnings: "Durable Object class Room2 is bound but no migration creates it; using key-value storage, and production rejects this (10061)",
		hint:     `add {"tag": "...", "new_sqlite_classes": ["Room2"]} to migrations`,
	},
	{
		id:       "a class_name that is mistyped, with the program",
		now:      conf(bind("Chta"), with("v1", "s:Chat")),
		facts:    registered("Chat"),
		steps:    "Applied migration v1: new_sqlite_classes [Chat]",
		classes:  "Chat=sqlite:w-Chat Chta=kv:w-Chta",
		errors:   "Your Worker depends on the following Durable Objects, which are not exported in your entrypoint file: Chta.\nYou should export these objects from your entrypoint, src/worker.go.",
		warnings: "Durable Object class Chta is bound but no migration creates it; using key-value storage, and production rejects this (10061)",
	},
	{
		id:       "L31 expecting a transfer",
		now:      conf(export("X", "<other")),
		steps:    "Created Durable Object class X (sqlite)",
		classes:  "X=sqlite:w-X",
		warnings: "cannot transfer class X from Worker other: no local state of it there; starting empty",
		place:    70,
	},
}

// open opens an empty ledger: in memory, unless the case has data.
func (c *planCase) open(t *testing.T) *Ledger {
	if c.data == "" {
		return memory(t, "w")
	}
	return open(t, t.TempDir())
}

// putData makes the folder with an object.
func (c *planCase) putData(t *testing.T, l *Ledger) {
	if c.data == "" {
		return
	}
	dir := filepath.Join(l.dir, c.data)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, strings.Repeat("a", 64)+".sqlite"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestPlan(t *testing.T) {
	for _, c := range planCases {
		t.Run(c.id, func(t *testing.T) {
			l := c.open(t)
			for _, cfg := range c.before {
				if p := start(t, l, cfg); len(p.Errors) > 0 {
					t.Fatalf("before: %s", texts(p.Errors))
				}
			}
			var more []func(*Facts)
			if c.facts != nil {
				more = append(more, c.facts)
			}
			c.putData(t, l)
			p := start(t, l, c.now, more...)
			equal(t, "steps", lines(p.Steps), c.steps)
			equal(t, "classes", show(p.Classes), c.classes)
			equal(t, "errors", texts(p.Errors), c.errors)
			equal(t, "warnings", texts(p.Warnings), c.warnings)
			said := append(p.Errors, p.Warnings...)
			for _, d := range said {
				if d.Place == (diagnostic.Place{}) {
					t.Errorf("%q has no place", d.Text)
				}
			}
			if c.place != 0 && said[0].Place.Line != c.place {
				t.Errorf("place: line %d, want %d", said[0].Place.Line, c.place)
			}
			if c.hint != "" && said[0].Hint != c.hint {
				t.Errorf("hint: %q, want %q", said[0].Hint, c.hint)
			}
		})
	}
}

// TestPlanCorrected: of a typing error that is corrected the next start says nothing.
func TestPlanCorrected(t *testing.T) {
	for _, id := range []string{"a mistyped class that was applied is forgotten once it is corrected", "a mistyped tag", "a mistyped tag, and a later step",
		"a list of classes that is mistyped, so that the step was empty", "the wrong list of classes"} {
		c := planCases[slices.IndexFunc(planCases, func(c planCase) bool { return c.id == id })]
		l := c.open(t)
		start(t, l, c.before[0])
		c.putData(t, l)
		start(t, l, c.now, c.facts)
		again := start(t, l, c.now, c.facts)
		if len(again.Steps)+len(again.Errors)+len(again.Warnings) > 0 || show(again.Classes) != c.classes {
			t.Errorf("%s: %s\n%s%s\n%s", id, lines(again.Steps), texts(again.Errors), texts(again.Warnings), show(again.Classes))
		}
	}
}

// TestPlanRetagged: whatever the ledger has of a mistyped tag has the right one, so that
// the namespaces are known again: of live classes, deleted ones and other branches.
func TestPlanRetagged(t *testing.T) {
	l := memory(t, "w")
	start(t, l, conf(with("vl", "s:Chat Gone"), with("vll", "d:Gone")))
	start(t, l, conf(with("vl", "s:Chat Gone"), with("vll", "d:Gone Chat"))) // another branch
	l.rec.Aside = append(l.rec.Aside, record.Namespace{Storage: SQLite, UniqueKey: "w-Log", CreatedAs: "Log", CreatedByTag: "vll"})
	p := start(t, l, conf(with("v1", "s:Chat Gone"), with("v2", "d:Gone")))
	equal(t, "errors", texts(p.Errors), "")
	if text := string(l.rec.Encode()); strings.Contains(text, `"vl`) {
		t.Errorf("an old tag is left:\n%s", text)
	}
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// L28: another Worker's name has its own ledger and keys.
func TestPlanEnvironment(t *testing.T) {
	dir := t.TempDir()
	for _, worker := range []string{"w", "w-prod"} {
		l, err := Open(dir, worker)
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, l, conf(with("v1", "s:X")))
		equal(t, "classes", show(p.Classes), "X=sqlite:"+worker+"-X")
	}
}

// L29: a configuration without a name.
func TestPlanNoName(t *testing.T) {
	cfg := conf(with("v1", "s:X"))
	cfg.NameGiven = false
	l, err := Open(t.TempDir(), "w")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, l, cfg)
	equal(t, "warnings", texts(p.Warnings), "no \"name\" in wrangler.jsonc: the local state is kept under \"w\", the folder's name")
	if p := start(t, memory(t, "w"), cfg); len(p.Warnings) > 0 {
		t.Errorf("in memory: %s", texts(p.Warnings))
	}
}

// Changing to another branch and back loses no data, and what both branches
// made stays when they are merged.
func TestPlanBranches(t *testing.T) {
	l := memory(t, "w")
	main := conf(with("v1", "s:Chat Gone"))
	mine := conf(with("v1", "s:Chat Gone"), with("v2", "r:Chat>Room", "d:Gone"))
	theirs := conf(with("v1", "s:Chat Gone"), with("v2b", "s:Log"))
	merged := conf(with("v1", "s:Chat Gone"), with("v2", "r:Chat>Room", "d:Gone"), with("v2b", "s:Log"))
	for _, c := range []struct {
		cfg  *config.Config
		want string
	}{
		{main, "Chat=sqlite:w-Chat Gone=sqlite:w-Gone"},
		{mine, "Room=sqlite:w-Chat"},
		{main, "Chat=sqlite:w-Chat Gone=sqlite:w-Gone"},
		{theirs, "Chat=sqlite:w-Chat Gone=sqlite:w-Gone Log=sqlite:w-Log"},
		{mine, "Room=sqlite:w-Chat"},
		{theirs, "Chat=sqlite:w-Chat Gone=sqlite:w-Gone Log=sqlite:w-Log"},
		{merged, "Log=sqlite:w-Log Room=sqlite:w-Chat"},
		{merged, "Log=sqlite:w-Log Room=sqlite:w-Chat"},
	} {
		p := start(t, l, c.cfg)
		equal(t, "errors", texts(p.Errors), "")
		equal(t, "classes", show(p.Classes), c.want)
	}
	if p := start(t, l, merged, strict); len(p.Errors)+len(p.Warnings)+len(p.Steps) > 0 {
		t.Errorf("after the merge: %s %s %s", texts(p.Errors), texts(p.Warnings), lines(p.Steps))
	}
}
