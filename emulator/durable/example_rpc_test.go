//go:build !js

package durable_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-36a2c969/emu/emulator/durable"
	"github.com/seed-36a2c969/emu/emulator/emutest"
)

// Account has methods that other objects and the Worker call.
type Account struct{ state *durable.State }

// Transfer is the argument of a method, in JavaScript {amount: 30, text: "rent"}.
type Transfer struct {
	Amount int    `json:"amount"`
	Text   string `json:"text"`
}

var account = durable.Define("Account", func(ctx context.Context, state *durable.State, env *durable.Env) (*Account, error) {
	return &Account{state}, nil
})

func init() {
	durable.Method(account, "add", (*Account).add)
}

func (o *Account) add(ctx context.Context, t Transfer) (balance int, err error) {
	kv := o.state.Storage().KV()
	if _, err := kv.Get("balance", &balance); err != nil {
		return 0, err
	}
	if balance += t.Amount; balance < 0 {
		return 0, &durable.Error{Name: "RangeError", Message: "not enough for " + t.Text}
	}
	return balance, kv.Put("balance", balance)
}

// A method called by the Worker, and the error that it returns.
func ExampleMethod() {
	worker := durable.WorkerFunc(func(ctx context.Context, r *durable.Request, env *durable.Env) (*durable.Response, error) {
		stub := env.DurableObject("Account").GetByName("ada")
		var balance int
		if err := stub.Call(ctx, "add", &balance, Transfer{100, "wages"}); err != nil {
			return nil, err
		}
		fmt.Println("balance", balance)

		err := stub.Call(ctx, "add", &balance, Transfer{-130, "rent"})
		var thrown *durable.Error
		if errors.As(err, &thrown) {
			fmt.Printf("%s: %s (remote: %t)\n", thrown.Name, thrown.Message, thrown.Remote)
		}
		return durable.Text(200, "done"), nil
	})
	run(func(w *emutest.World) {
		fmt.Println(w.Fetch("GET", "/").Body)
	}, emutest.Classes(account), emutest.Worker(worker))
	// Output:
	// balance 100
	// RangeError: not enough for rent (remote: true)
	// done
}
