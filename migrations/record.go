package migrations

// What the ledger file holds. Version 1.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-36a2c969/emu/config"
)

const version = 1

// record is the ledger file.
type record struct {
	Version int    `json:"version"`
	Worker  string `json:"worker"`
	LastTag string `json:"last_tag,omitempty"`
	// Applied are the migrations in the order they were applied in.
	Applied []applied `json:"applied,omitempty"`
	// Classes are the live classes of the applied history.
	Classes map[string]namespace `json:"classes,omitempty"`
	// Tombstones are deleted classes; their keys are never given again.
	Tombstones []tombstone `json:"tombstones,omitempty"`
	// Aside are namespaces of classes that only a history other than the
	// applied one has: another branch of the user's code.
	Aside []namespace `json:"aside,omitempty"`
}

type applied struct {
	Index     int       `json:"index"`
	Tag       string    `json:"tag"`
	SHA256    string    `json:"sha256"`
	Step      step      `json:"step"`
	AppliedAt time.Time `json:"applied_at"`
}

// namespace is the data of a class. The class name and tag at its creation
// tell it from any other, whatever it is called now.
type namespace struct {
	Storage         string `json:"storage"`
	UniqueKey       string `json:"unique_key"`
	CreatedAs       string `json:"created_as"`
	CreatedByTag    string `json:"created_by_tag,omitempty"`
	TransferredFrom string `json:"transferred_from,omitempty"`
}

type tombstone struct {
	Class string `json:"class"`
	namespace
	DeletedByTag string    `json:"deleted_by_tag,omitempty"`
	DeletedAt    time.Time `json:"deleted_at"`
}

// step is a migration without its tag, in a canonical form: the lists whose
// order has no meaning are sorted.
type step struct {
	NewClasses         []string   `json:"new_classes,omitempty"`
	NewSQLiteClasses   []string   `json:"new_sqlite_classes,omitempty"`
	RenamedClasses     []rename   `json:"renamed_classes,omitempty"`
	DeletedClasses     []string   `json:"deleted_classes,omitempty"`
	TransferredClasses []transfer `json:"transferred_classes,omitempty"`
}

type rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type transfer struct {
	From       string `json:"from"`
	FromScript string `json:"from_script"`
	To         string `json:"to"`
}

func stepOf(m config.Migration) step {
	sorted := func(refs []config.ClassRef) []string {
		names := names(refs)
		slices.Sort(names)
		return names
	}
	s := step{
		NewClasses:       sorted(m.NewClasses),
		NewSQLiteClasses: sorted(m.NewSQLiteClasses),
		DeletedClasses:   sorted(m.DeletedClasses),
	}
	for _, r := range m.RenamedClasses {
		s.RenamedClasses = append(s.RenamedClasses, rename{r.From, r.To})
	}
	for _, t := range m.TransferredClasses {
		s.TransferredClasses = append(s.TransferredClasses, transfer{t.From, t.FromScript, t.To})
	}
	return s
}

func names(refs []config.ClassRef) []string {
	var names []string
	for _, r := range refs {
		names = append(names, r.Name)
	}
	return names
}

// text is the step as canonical JSON.
func (s step) text() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a struct of strings always encodes
	}
	return strings.TrimSpace(b.String())
}

func (s step) sum() string {
	sum := sha256.Sum256([]byte(s.text()))
	return hex.EncodeToString(sum[:])
}

// clone copies what a plan may change.
func (r *record) clone() *record {
	c := *r
	c.Applied = slices.Clone(r.Applied)
	c.Tombstones = slices.Clone(r.Tombstones)
	c.Aside = slices.Clone(r.Aside)
	c.Classes = map[string]namespace{}
	maps.Copy(c.Classes, r.Classes)
	return &c
}

// empty reports whether nothing was ever recorded.
func (r *record) empty() bool {
	return len(r.Applied) == 0 && len(r.Classes) == 0 && len(r.Tombstones) == 0 && len(r.Aside) == 0
}

// namespaces are all that the record knows of.
func (r *record) namespaces() []namespace {
	var all []namespace
	for _, class := range slices.Sorted(maps.Keys(r.Classes)) {
		all = append(all, r.Classes[class])
	}
	for _, t := range r.Tombstones {
		all = append(all, t.namespace)
	}
	return append(all, r.Aside...)
}

// encode is the file's text. Encoding and decoding are each other's inverse.
func (r *record) encode() []byte {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic(err) // no value of record fails to encode
	}
	return append(b, '\n')
}

// decode reads a ledger file. It refuses what it does not know, because the
// file is written anew and would lose it.
func decode(data []byte) (*record, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	if head.Version > version {
		return nil, fmt.Errorf("it has version %d and this emu knows version %d", head.Version, version)
	}
	if head.Version != version {
		return nil, fmt.Errorf("it has no valid version")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	r := &record{}
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	return r, r.validate()
}

func (r *record) validate() error {
	tag := ""
	for i, a := range r.Applied {
		if a.Tag == "" {
			return fmt.Errorf("applied[%d] has no tag", i)
		}
		if a.SHA256 != a.Step.sum() {
			return fmt.Errorf("the sha256 of applied migration %q is not that of its step", a.Tag)
		}
		tag = a.Tag
	}
	if r.LastTag != tag {
		return fmt.Errorf("last_tag is %q and the last applied migration is %q", r.LastTag, tag)
	}
	keys := map[string]bool{}
	check := func(class string, ns namespace) error {
		switch {
		case class == "" || ns.CreatedAs == "":
			return fmt.Errorf("a class of key %q has no name", ns.UniqueKey)
		case ns.Storage != SQLite && ns.Storage != KV:
			return fmt.Errorf("class %s has storage %q", class, ns.Storage)
		case !plainName(ns.UniqueKey):
			return fmt.Errorf("class %s has unique key %q, which is not a folder's name", class, ns.UniqueKey)
		case keys[ns.UniqueKey]:
			return fmt.Errorf("unique key %q is there twice", ns.UniqueKey)
		}
		keys[ns.UniqueKey] = true
		return nil
	}
	for class, ns := range r.Classes {
		if err := check(class, ns); err != nil {
			return err
		}
	}
	for _, t := range r.Tombstones {
		if err := check(t.Class, t.namespace); err != nil {
			return err
		}
	}
	for _, ns := range r.Aside {
		if err := check(ns.CreatedAs, ns); err != nil {
			return err
		}
	}
	return nil
}

// plainName reports whether s names an entry of a folder on every platform,
// and not one outside it.
func plainName(s string) bool {
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/\\:\x00")
}
