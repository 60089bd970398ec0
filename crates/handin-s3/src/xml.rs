//! The little XML that S3 speaks: element trees in, escaped text out. Namespaces, prologs, comments and
//! white space between elements are ignored, since servers disagree on them. Knows no operation.

use std::str::FromStr;

use quick_xml::Reader;
use quick_xml::escape;
use quick_xml::events::{BytesRef, Event};

/// An element: its local name, the text directly inside it, and its children in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    text: String,
    children: Vec<Element>,
}

/// S3 nests four deep at most; a document that goes far beyond is not from a store.
const DEEPEST: usize = 32;

impl Element {
    /// All children, in order.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Element> {
        self.children.iter()
    }

    /// The children of that name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element's own text. Stores put none around children, so it is the whole content of a leaf.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text of the first child of that name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(Element::text)
    }

    /// The text of the first child of that name, unless it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.text_of(name).filter(|text| !text.is_empty())
    }

    /// The first child of that name, read as a number or the like.
    pub(crate) fn value<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text_of(name)?.trim().parse().ok()
    }
}

/// Reads a whole document and gives its root element.
pub(crate) fn parse(document: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(document).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']));
    // The bottom of the stack stands for the document and collects the root.
    let mut stack = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open(&mut stack, start.local_name().as_ref())?,
            Event::Empty(empty) => {
                open(&mut stack, empty.local_name().as_ref())?;
                close(&mut stack);
            }
            Event::End(_) => close(&mut stack),
            Event::Text(text) => push_text(&mut stack, &text.xml10_content()),
            Event::CData(data) => push_text(&mut stack, &data.xml10_content()),
            Event::GeneralRef(reference) => push_text(&mut stack, &resolve(&reference)?),
            Event::Eof => return root(stack),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            // An entity declared by a store could stand for anything; S3 declares none.
            Event::DocType(_) => return Err("a document type has no place in S3's XML".to_owned()),
        }
    }
}

fn open(stack: &mut Vec<Element>, name: &str) -> Result<(), String> {
    if stack.len() > DEEPEST {
        return Err("the document is nested too deep".to_owned());
    }
    stack.push(Element { name: name.to_owned(), ..Element::default() });
    Ok(())
}

fn close(stack: &mut Vec<Element>) {
    if let Some(mut element) = stack.pop()
        && let Some(parent) = stack.last_mut()
    {
        if !element.children.is_empty() {
            element.text.clear();
        }
        parent.children.push(element);
    }
}

fn push_text(stack: &mut [Element], text: &str) {
    if let Some(element) = stack.last_mut() {
        element.text.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let text = escape::resolve_predefined_entity(reference);
    text.map(str::to_owned).ok_or_else(|| "an entity that XML does not define".to_owned())
}

fn root(mut stack: Vec<Element>) -> Result<Element, String> {
    let document = stack.pop().filter(|_| stack.is_empty()).ok_or("the document ends inside an element")?;
    let mut roots = document.children.into_iter();
    match (roots.next(), roots.next()) {
        (Some(root), None) => Ok(root),
        _ => Err("a document has exactly one root".to_owned()),
    }
}

/// Writes one of S3's request documents.
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    /// Starts a document whose root, of that name, `fill` fills, and gives its bytes.
    pub(crate) fn document(root: &str, fill: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut writer = Self { text: String::with_capacity(256) };
        writer.text.push('<');
        writer.text.push_str(root);
        writer.text.push_str(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        fill(&mut writer);
        writer.end(root);
        writer.text.into_bytes()
    }

    /// An element that `fill` fills.
    pub(crate) fn element(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.start(name);
        fill(self);
        self.end(name);
    }

    /// An element with text.
    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.start(name);
        self.text.push_str(&escape::escape(text));
        self.end(name);
    }

    /// An element as it was read.
    pub(crate) fn tree(&mut self, element: &Element) {
        if element.children.is_empty() {
            return self.leaf(&element.name, &element.text);
        }
        self.element(&element.name, |xml| element.children.iter().for_each(|child| xml.tree(child)));
    }

    fn start(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn end(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_through_prologs_namespaces_and_white_space() {
        let document = b"\n  <?xml version=\"1.0\"?>\n<!-- hi --><s3:R xmlns:s3=\"x\">\n <A>1</A>\n<A> 2 </A><B/>\r\n</s3:R>\n";
        let root = parse(document).unwrap();
        assert_eq!(root.name, "R");
        assert_eq!(root.all("A").map(Element::text).collect::<Vec<_>>(), ["1", " 2 "]);
        assert_eq!((root.text_of("B"), root.filled("B"), root.text_of("C")), (Some(""), None, None));
        assert_eq!(root.value::<u32>("A"), Some(1));
        assert_eq!(root.text(), "");
    }

    #[test]
    fn resolves_entities_and_character_data() {
        let root = parse("<R>&lt;a&amp;b&gt;&#xD;&#9;&quot;<![CDATA[<raw>]]>시험</R>".as_bytes()).unwrap();
        assert_eq!(root.text(), "<a&b>\r\t\"<raw>시험");
    }

    #[test]
    fn refuses_broken_documents() {
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        for document in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "</a>",
            "<a>&nbsp;</a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            &deep,
        ] {
            assert!(parse(document.as_bytes()).is_err(), "{document}");
        }
        assert!(parse(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn writes_what_it_reads() {
        let document = Writer::document("Delete", |xml| {
            xml.element("Object", |xml| xml.leaf("Key", "a<b>&\"'.webm"));
        });
        let root = parse(&document).unwrap();
        assert_eq!(root.child("Object").and_then(|object| object.text_of("Key")), Some("a<b>&\"'.webm"));
    }
}
