//! Instructions as QEMU prints them, and what their operands say.

/// An instruction as QEMU prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Where it stands.
    pub address: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its name without a width: `ldr`, `vfma.f32`.
    pub name: String,
    /// What follows the name.
    pub operands: String,
}

impl Instruction {
    /// From a line such as `0x00002676:  f3bf 8f4f  dsb      sy`.
    pub fn parse(line: &str) -> Option<Self> {
        let (address, rest) = line.strip_prefix("0x")?.split_once(':')?;
        let address = u64::from_str_radix(address, 16).ok()?;
        let mut rest = rest.trim_start();
        let mut length = 0;
        while let Some((half, after)) = rest.split_once(' ')
            && half.len() == 4
            && half.bytes().all(|digit| digit.is_ascii_hexdigit())
            && length < 4
        {
            length += 2;
            rest = after;
        }
        let (name, operands) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        let name = name.trim_end_matches(".w").trim_end_matches(".n");
        (length != 0 && !name.is_empty()).then(|| Self {
            address,
            length,
            name: name.into(),
            operands: operands.trim().into(),
        })
    }

    /// Whether the name starts with one of these words.
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.starts_with(name))
    }

    /// The words that a list of registers moves.
    pub(crate) fn words(&self) -> u64 {
        let list = self.operands.split_once('{').map_or("", |(_, list)| list);
        let registers = list.trim_end_matches('}').split(',').map(str::trim);
        registers.map(|register| if register.starts_with('d') { 2 } else { 1 }).sum()
    }

    /// A load or store of one word or less.
    pub(crate) fn is_single(&self) -> bool {
        self.is(&["ldr", "str", "vldr", "vstr"]) && !self.is(&["ldrd", "strd"])
    }

    /// A load or store of a list of registers.
    pub(crate) fn is_multiple(&self) -> bool {
        self.is(&["ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop"])
    }

    /// A branch that an operand tells where to.
    pub(crate) fn is_branch(&self) -> bool {
        self.is(&["b", "cbz", "cbnz", "tb"]) && !self.is(&["bic", "bfi", "bfc", "bkpt"])
    }

    /// A branch that depends on the flags.
    pub(crate) fn is_conditional(&self) -> bool {
        const CONDITIONS: [&str; 16] =
            ["eq", "ne", "hs", "cs", "lo", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];
        self.name.strip_prefix('b').is_some_and(|rest| CONDITIONS.contains(&rest))
    }

    /// Where a branch goes that is not to a register.
    pub(crate) fn destination(&self) -> Option<u64> {
        let (_, number) = self.operands.rsplit_once('#')?;
        number.strip_prefix("0x").map_or_else(|| number.parse().ok(), |digits| u64::from_str_radix(digits, 16).ok())
    }

    /// Whether the FPU computes a number that is ready a cycle later for what follows directly, on a Cortex-M4.
    pub(crate) fn is_float_arithmetic(&self) -> bool {
        self.is(&[
            "vadd", "vsub", "vmul", "vnmul", "vdiv", "vsqrt", "vfma", "vfms", "vfnm", "vmla", "vmls", "vnml", "vcvt",
        ])
    }

    /// Whether a register is among its operands but the first, or also as the first where that is read.
    pub(crate) fn reads(&self, register: &str) -> bool {
        let skipped = usize::from(!self.is(&["vfma", "vfms", "vmla", "vmls", "vfnm", "vnml", "vstr", "vcmp"]));
        self.operands
            .split([',', ' ', '{', '}'])
            .filter(|word| !word.is_empty())
            .skip(skipped)
            .any(|word| word == register)
    }

    /// Its first operand.
    pub(crate) fn target(&self) -> &str {
        self.operands.split(',').next().unwrap_or("").trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_qemus_is_an_instruction() {
        let line = "0x00002250:  e92d 0f00  push.w   {r8, sb, sl, fp}";
        let push = Instruction::parse(line).unwrap();
        assert_eq!((push.address, push.length, &*push.name, push.words()), (0x2250, 4, "push", 4));
        let nop = Instruction::parse("0x00002654:  bf00       nop      ").unwrap();
        assert_eq!((&*nop.name, &*nop.operands, nop.length), ("nop", "", 2));
        assert_eq!(Instruction::parse("IN: begin"), None);
    }
}
