// Package durable lets a Go program be a Cloudflare Worker with Durable Objects.
//
// Such a program runs natively in the emulator (go run . dev). The package also
// compiles with GOOS=js GOARCH=wasm, for Cloudflare's workerd.
//
// # Names
//
// A name is Cloudflare's name with a capital letter, so that Cloudflare's
// documentation applies: acceptWebSocket is AcceptWebSocket. A "get" prefix is
// dropped: getWebSockets is WebSockets. Exceptions are errors. A method that returns
// a promise in JavaScript takes a context and blocks here.
//
// # Concurrency
//
// An object handles one event at a time. Its constructor, its handlers and the
// functions given to [State.WaitUntil] never run in parallel, so a class needs no
// locks.
//
// Another event can start only while a handler waits, as at an await in JavaScript.
// These calls wait: [Stub.Fetch], [Stub.Call], [Fetch], [Sleep], [Await],
// [WebSocket.Receive], and reading the body of a request or a response. They commit
// the writes made so far. Handlers go on in the order in which their waits end.
// Storage calls do not wait, except [Storage.Transaction] and [Storage.Sync]. While
// [State.BlockConcurrencyWhile] runs its function, no other event starts.
//
// The body of a Response is read after the handler has returned, so it must not use
// the object.
//
// The context of an event ends when the object is reset or evicted, but not when the
// client goes away. A State, Storage or WebSocket of a reset instance returns
// [ErrReset].
//
// Do not use a go statement, a channel, a mutex or time.Sleep in a class: use
// [State.WaitUntil], [Await] and [Sleep]. A goroutine that a class leaves running
// keeps the object in memory, as a JavaScript timer does.
//
// # Hibernation
//
// An object leaves memory after 10 seconds without an event, unless something pins
// it: an open transaction, a socket given to [WebSocket.Accept], a function given to
// [State.WaitUntil]. Sockets given to [State.AcceptWebSocket] stay open. The next
// event constructs the object anew, and [State.WebSockets] returns the sockets with
// their tags and attachments. The runtime does not answer the Close frames of these
// sockets: a WebSocketClose handler does, with [WebSocket.ReplyToClose].
//
// Source: https://developers.cloudflare.com/durable-objects/api/
package durable
