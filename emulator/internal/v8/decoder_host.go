package v8

// Errors, and the host objects of workerd.

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (d *decoder) plainError() driver.Value {
	v := &driver.ErrorValue{Name: "Error", Plain: true}
	d.enter(v)
	set := func(key string, value driver.Value) {
		for i := range v.Properties {
			if v.Properties[i].Key == key {
				v.Properties[i].Value = value
				return
			}
		}
		v.Properties = append(v.Properties, driver.Property{Key: key, Value: value})
	}
	for {
		switch tag := d.uvarint(); tag {
		case tagErrorMessage:
			s := d.text()
			v.Message = &s
		case tagErrorStack:
			set("stack", driver.String(d.text()))
		case tagErrorCause:
			set("cause", d.value())
		case tagErrorEnd:
			if len(v.Properties) == 2 && v.Properties[0].Key == "cause" { // older versions of V8 write it first
				slices.Reverse(v.Properties)
			}
			return v
		default:
			known := false
			for name, t := range plainErrors {
				if uint32(t) == tag {
					v.Name, known = name, true
				}
			}
			if !known {
				panic(d.fail("unknown part %#x of an error", tag))
			}
		}
	}
}

func (d *decoder) nativeError() driver.Value {
	v := &driver.ErrorValue{Name: "Error"}
	d.enter(v)
	kind := d.uvarint()
	if kind == 0 {
		v.Name = d.text()
	} else if int(kind) < len(nativeErrors) {
		v.Name = nativeErrors[kind]
	}
	message := d.text()
	v.Message = &message
	if d.tag() != tagObject {
		panic(d.fail("an error has no properties"))
	}
	d.enter(nil) // V8 gives the object of the properties a number; the value tree does not hold that object
	v.Properties = d.properties(tagObjectEnd)
	return v
}

// host reads a host object. The format does not say how long one is, so host must know
// the parts of each class.
func (d *decoder) host() driver.Value {
	from := d.at
	tag := d.uvarint()
	v := &driver.Opaque{}
	nested := false
	switch tag {
	case hostNativeError:
		return d.nativeError()
	case hostHeaders:
		d.headers()
	case hostRequest: // a URL, then the init object
		d.skip(1)
		nested = true
	case hostDOMException: // name, message, stack
		d.skip(3)
	case hostBlob: // type, content
		d.skip(2)
	case hostRef:
		n := int(d.uvarint())
		if n >= len(d.refs) {
			panic(d.fail("a reference to function %d, which is not there", n))
		}
		d.enter(d.refs[n])
		return d.refs[n]
	default:
		panic(d.fail("unsupported host object %d", tag))
	}
	v.Data = slices.Clone(d.b[from:d.at])
	d.enter(v)
	if nested {
		v.Value = d.value()
	}
	return v
}

// skip reads n strings, each behind its length.
func (d *decoder) skip(n int) {
	for range n {
		d.bytes(d.uvarint())
	}
}

// headers reads a guard, a count, and for each header the number of a common
// name, or 0 and the name, and the value.
func (d *decoder) headers() {
	d.uvarint()
	for range d.uvarint() {
		if d.uvarint() == 0 {
			d.skip(1)
		}
		d.skip(1)
	}
}
