package v8

// Errors, and the host objects of workerd.

import (
	"slices"

	"github.com/seed-36a2c969/emu/emulator/durable/driver"
)

func (d *decoder) plainError() (driver.Value, error) {
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
		tag, err := d.uvarint()
		if err != nil {
			return nil, err
		}
		switch tag {
		case tagErrorMessage:
			s, err := d.text()
			if err != nil {
				return nil, err
			}
			v.Message = &s
		case tagErrorStack:
			s, err := d.text()
			if err != nil {
				return nil, err
			}
			set("stack", driver.String(s))
		case tagErrorCause:
			cause, err := d.value()
			if err != nil {
				return nil, err
			}
			set("cause", cause)
		case tagErrorEnd:
			if len(v.Properties) == 2 && v.Properties[0].Key == "cause" { // older versions of V8 write it first
				slices.Reverse(v.Properties)
			}
			return v, nil
		default:
			known := false
			for name, t := range plainErrors {
				if uint32(t) == tag {
					v.Name, known = name, true
				}
			}
			if !known {
				return nil, d.fail("unknown part %#x of an error", tag)
			}
		}
	}
}

func (d *decoder) nativeError() (driver.Value, error) {
	v := &driver.ErrorValue{Name: "Error"}
	d.enter(v)
	kind, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if kind == 0 {
		if v.Name, err = d.text(); err != nil {
			return nil, err
		}
	} else if int(kind) < len(nativeErrors) {
		v.Name = nativeErrors[kind]
	}
	message, err := d.text()
	if err != nil {
		return nil, err
	}
	v.Message = &message
	tag, err := d.tag()
	if err != nil {
		return nil, err
	}
	if tag != tagObject {
		return nil, d.fail("an error has no properties")
	}
	d.enter(nil) // the object of the properties, which is none of the tree's
	v.Properties, err = d.properties(tagObjectEnd)
	return v, err
}

// host reads the bytes of the host objects that can be stored. Their lengths
// are not written, so each class needs a line here.
func (d *decoder) host() (driver.Value, error) {
	from := d.at
	tag, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	v := &driver.Opaque{}
	nested := false
	switch tag {
	case hostNativeError:
		return d.nativeError()
	case hostHeaders:
		err = d.headers()
	case hostRequest: // a URL, then the init object
		nested, err = true, d.skip(1)
	case hostDOMException: // name, message, stack
		err = d.skip(3)
	case hostBlob: // type, content
		err = d.skip(2)
	default:
		err = d.fail("unsupported host object %d", tag)
	}
	if err != nil {
		return nil, err
	}
	v.Data = slices.Clone(d.b[from:d.at])
	d.enter(v)
	if nested {
		v.Value, err = d.value()
	}
	return v, err
}

// skip reads n strings with their lengths before them.
func (d *decoder) skip(n int) error {
	for range n {
		size, err := d.uvarint()
		if err != nil {
			return err
		}
		if _, err := d.bytes(size); err != nil {
			return err
		}
	}
	return nil
}

// headers reads a guard, a count, and for each header the number of a common
// name, or 0 and the name, and the value.
func (d *decoder) headers() error {
	if _, err := d.uvarint(); err != nil {
		return err
	}
	count, err := d.uvarint()
	if err != nil {
		return err
	}
	for range count {
		common, err := d.uvarint()
		if err != nil {
			return err
		}
		strings := 1
		if common == 0 {
			strings = 2
		}
		if err := d.skip(strings); err != nil {
			return err
		}
	}
	return nil
}
