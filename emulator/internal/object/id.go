package object

// https://developers.cloudflare.com/durable-objects/api/id/

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

// idKey derives the ids of one namespace from its unique key,
// "<script name>-<class name>", as workerd does.
type idKey struct {
	macs sync.Pool // of hash.Hash: one that was used before has the key's part of the work done
}

func newIDKey(uniqueKey string) *idKey {
	key := sha256.Sum256([]byte(uniqueKey))
	return &idKey{sync.Pool{New: func() any { return hmac.New(sha256.New, key[:]) }}}
}

func (k *idKey) mac(b []byte) []byte {
	h := k.macs.Get().(hash.Hash)
	defer k.macs.Put(h)
	h.Reset()
	h.Write(b)
	return h.Sum(nil)[:16]
}

// fromBase completes an id. base is its first 16 bytes.
func (k *idKey) fromBase(base []byte) (id [32]byte) {
	copy(id[:16], base)
	copy(id[16:], k.mac(base))
	return id
}

func (k *idKey) fromName(name string) driver.ID {
	return driver.ID{Bytes: k.fromBase(k.mac([]byte(name))), Name: name, HasName: true}
}

func (k *idKey) fromString(s string) (driver.ID, error) {
	var id driver.ID
	if len(s) != 64 {
		return id, driver.TypeError(msgIDSyntax)
	}
	if _, err := hex.Decode(id.Bytes[:], []byte(s)); err != nil {
		return id, driver.TypeError(msgIDSyntax)
	}
	if !hmac.Equal(id.Bytes[16:], k.mac(id.Bytes[:16])) {
		return driver.ID{}, driver.TypeError(msgIDNamespace)
	}
	return id, nil
}

// maxVisibleName is the length in bytes up to which a name is ctx.id.name inside the object.
const maxVisibleName = 1024

// inside is the id as the object itself sees it.
func inside(id driver.ID) driver.ID {
	if len(id.Name) > maxVisibleName {
		id.Name, id.HasName = "", false
	}
	return id
}
