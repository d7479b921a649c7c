//! Shortcuts of Windows ([MS-SHLLINK]): what they run. Any bytes give what can be read of them.

use super::bytes::{ansi, le16, le32, length, take, utf16};

/// A shortcut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortcut {
    /// The program or document, as far as the file says.
    pub target: Option<String>,
    /// What the target is started with.
    pub arguments: Option<String>,
    /// Description that the shell shows.
    pub name: Option<String>,
    /// Where the icon comes from.
    pub icon: Option<String>,
    /// The folder in which the target is started.
    pub folder: Option<String>,
}

const HEADER: usize = 0x4C;

impl Shortcut {
    /// Target and arguments as one line.
    pub fn command(&self) -> String {
        let pieces = [self.target.as_deref(), self.arguments.as_deref()];
        pieces.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Reads a shortcut; `None` if the bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if length(bytes, 0)? != HEADER {
            return None;
        }
        let flags = le32(bytes, 0x14)?;
        let mut shortcut = Self::default();
        // What is cut short keeps what was read before.
        let _ = shortcut.fill(bytes, flags);
        Some(shortcut)
    }

    /// A shortcut to a page (`.url`): its address is the target.
    pub fn of_internet(text: &str) -> Self {
        let value = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            let mut found = lines.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim().to_owned())
        };
        Self { target: value("URL"), icon: value("IconFile"), folder: value("WorkingDirectory"), ..Self::default() }
    }

    fn fill(&mut self, bytes: &[u8], flags: u32) -> Option<()> {
        let mut at = HEADER;
        if flags & 1 != 0 {
            at = at.checked_add(2 + usize::from(le16(bytes, at)?))?;
        }
        if flags & 2 != 0 {
            let size = length(bytes, at)?;
            self.target = info(take(bytes, at, size)?);
            at += size;
        }
        for bit in 2..=6 {
            if flags & (1 << bit) == 0 {
                continue;
            }
            let (text, next) = string(bytes, at, flags & 0x80 != 0)?;
            at = next;
            let text = Some(text).filter(|text| !text.is_empty());
            match bit {
                2 => self.name = text,
                3 => self.target = self.target.take().or(text),
                4 => self.folder = text,
                5 => self.arguments = text,
                _ => self.icon = text,
            }
        }
        Some(())
    }
}

/// The target of a LinkInfo structure ([MS-SHLLINK] 2.3): on this machine, or on a share.
fn info(info: &[u8]) -> Option<String> {
    let flags = le32(info, 8)?;
    let text = |at: usize| info.get(length(info, at)?..).map(ansi).filter(|text| !text.is_empty());
    let suffix = text(24).unwrap_or_default();
    if flags & 1 != 0 {
        return Some(text(16)? + &suffix);
    }
    let share = info.get(length(info, 20)?..)?;
    let name = share.get(length(share, 8)?..).map(ansi)?;
    Some(if suffix.is_empty() { name } else { format!("{name}\\{suffix}") })
}

/// A counted text of the StringData, and where the next one begins.
fn string(bytes: &[u8], at: usize, wide: bool) -> Option<(String, usize)> {
    let count = usize::from(le16(bytes, at)?);
    let size = if wide { count * 2 } else { count };
    let raw = take(bytes, at + 2, size)?;
    Some((if wide { utf16(raw) } else { ansi(raw) }, at + 2 + size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shortcut with a relative path and arguments.
    fn written() -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[0] = 0x4C;
        bytes[0x14] = 0x08 | 0x20 | 0x80;
        for text in ["..\\cmd.exe", "/c calc.exe"] {
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        bytes
    }

    #[test]
    fn a_command() {
        let bytes = written();
        let shortcut = Shortcut::read(&bytes).expect("a shortcut");
        assert_eq!(shortcut.command(), "..\\cmd.exe /c calc.exe");
        for end in 0..bytes.len() {
            let _ = Shortcut::read(&bytes[..end]);
        }
        assert_eq!(Shortcut::read(b"text"), None);
    }

    #[test]
    fn the_target_of_the_link_info() {
        let mut info = vec![0; 28];
        info[8] = 1;
        info[16] = 28;
        info[24] = 40;
        info.extend(b"C:\\x\\a.exe\0\0\0");
        assert_eq!(super::info(&info).as_deref(), Some("C:\\x\\a.exe"));
        // A length that points beyond the end is none.
        info[16] = 0xFF;
        assert_eq!(super::info(&info), None);
    }
}
