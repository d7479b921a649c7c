//! What kinds of elements there are, as far as reading needs to know.

/// Properties of an element by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::message) struct Kind(u16);

impl Kind {
    /// It begins a new line of text.
    const BLOCK: u16 = 1;
    /// It has no content.
    const VOID: u16 = 1 << 1;
    /// Its content is no text of the page.
    const SILENT: u16 = 1 << 2;
    /// It may stand in `head`; any other element ends that.
    const OF_HEAD: u16 = 1 << 3;
    /// Its end tag does not care what else is open in it, and it goes on in the next block.
    const FORMATTING: u16 = 1 << 4;
    /// An end tag inside does not reach beyond it.
    const BARRIER: u16 = 1 << 5;
    /// A cell of a table.
    const CELL: u16 = 1 << 6;
    /// Browsers draw something else in place of its content.
    const REPLACED: u16 = 1 << 7;
    /// It means something in a table only.
    const OF_TABLE: u16 = 1 << 8;

    /// The kind of elements of a name in lower case.
    pub(in crate::message) fn of(name: &str) -> Self {
        Self(match name {
            "address" | "article" | "aside" | "blockquote" | "body" | "center" | "dd" | "details" | "dialog"
            | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "h1" | "h2"
            | "h3" | "h4" | "h5" | "h6" | "header" | "hgroup" | "legend" | "li" | "listing" | "main" | "menu"
            | "nav" | "ol" | "optgroup" | "option" | "p" | "plaintext" | "pre" | "search" | "section" | "summary"
            | "ul" | "xmp" => Self::BLOCK,
            "br" | "hr" => Self::BLOCK | Self::VOID,
            "html" | "table" => Self::BLOCK | Self::BARRIER,
            "caption" => Self::BLOCK | Self::BARRIER | Self::OF_TABLE,
            "tr" => Self::BLOCK | Self::OF_TABLE,
            "td" | "th" => Self::CELL | Self::BARRIER | Self::OF_TABLE,
            "tbody" | "thead" | "tfoot" | "colgroup" => Self::OF_TABLE,
            "col" => Self::VOID | Self::OF_TABLE,
            "area" | "embed" | "img" | "input" | "param" | "source" | "track" | "wbr" => Self::VOID,
            "base" | "link" | "meta" => Self::VOID | Self::OF_HEAD,
            "head" | "iframe" | "noembed" => Self::SILENT,
            "basefont" | "bgsound" => Self::VOID | Self::OF_HEAD,
            "noframes" | "script" | "style" | "title" => Self::SILENT | Self::OF_HEAD,
            "template" => Self::SILENT | Self::OF_HEAD | Self::BARRIER,
            "noscript" => Self::OF_HEAD,
            "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt"
            | "u" => Self::FORMATTING,
            "object" | "applet" | "marquee" | "select" => Self::BARRIER,
            "audio" | "datalist" | "meter" | "progress" | "rp" | "textarea" | "video" => Self::REPLACED,
            _ => 0,
        })
    }

    fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }

    pub(in crate::message) fn is_block(self) -> bool {
        self.has(Self::BLOCK)
    }

    pub(in crate::message) fn is_void(self) -> bool {
        self.has(Self::VOID)
    }

    pub(in crate::message) fn is_silent(self) -> bool {
        self.has(Self::SILENT)
    }

    pub(in crate::message) fn is_of_head(self) -> bool {
        self.has(Self::OF_HEAD)
    }

    pub(in crate::message) fn is_formatting(self) -> bool {
        self.has(Self::FORMATTING)
    }

    pub(in crate::message) fn is_barrier(self) -> bool {
        self.has(Self::BARRIER)
    }

    pub(in crate::message) fn is_cell(self) -> bool {
        self.has(Self::CELL)
    }

    pub(in crate::message) fn is_replaced(self) -> bool {
        self.has(Self::REPLACED)
    }

    pub(in crate::message) fn is_of_table(self) -> bool {
        self.has(Self::OF_TABLE)
    }
}

/// True if an element that begins ends the one that is open, as `li` ends `li`.
pub(in crate::message) fn ends_predecessor(name: &str, top: &str) -> bool {
    match name {
        "li" => matches!(top, "li" | "p"),
        "dd" | "dt" => matches!(top, "dd" | "dt" | "p"),
        "td" | "th" => matches!(top, "td" | "th"),
        "tr" | "tbody" | "thead" | "tfoot" => matches!(top, "td" | "th" | "tr"),
        "option" | "optgroup" => top == "option",
        _ => top == "p" && Kind::of(name).is_block() && !matches!(name, "br" | "option"),
    }
}
