//go:build !js

package durable_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Guestbook keeps its entries in a table.
type Guestbook struct{ sql *durable.SQL }

var guestbook = durable.Define("Guestbook", func(ctx context.Context, state *durable.State, env *durable.Env) (*Guestbook, error) {
	o := &Guestbook{state.Storage().SQL()}
	_, err := o.sql.Exec(`CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, name TEXT NOT NULL)`)
	return o, err
})

func (o *Guestbook) Fetch(ctx context.Context, r *durable.Request) (*durable.Response, error) {
	if _, err := o.sql.Exec(`INSERT INTO entries (name) VALUES (?)`, r.URL.Query().Get("name")); err != nil {
		return nil, err
	}
	rows, err := o.sql.Exec(`SELECT id, name FROM entries ORDER BY id`)
	if err != nil {
		return nil, err
	}
	var entries []string
	for rows.Next() {
		var id int
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		entries = append(entries, fmt.Sprintf("%d %s", id, name))
	}
	return durable.Text(200, strings.Join(entries, ", ")), rows.Err()
}

// A table of the object's own database.
func ExampleSQL() {
	run(func(w *emutest.World) {
		fmt.Println(w.Fetch("GET", "/Guestbook/a?name=Ada").Body)
		fmt.Println(w.Fetch("GET", "/Guestbook/a?name=Grace").Body)
	}, emutest.Classes(guestbook))
	// Output:
	// 1 Ada
	// 1 Ada, 2 Grace
}
