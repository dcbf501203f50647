//! What instructions take, by the tables in Arm's manuals of the cores: an estimate, since memory is taken to answer at once, and
//! an emulator has no cycles.

/// A core whose manual says what its instructions take. That of the Cortex-M7, which starts two at once, and that of the
/// Cortex-M33 do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// Cortex-M0+ Technical Reference Manual (DDI 0484C), table 3-1, with the multiplier of one cycle.
    M0Plus,
    /// Cortex-M3 Technical Reference Manual (100165), table 3-1.
    M3,
    /// Cortex-M4 Technical Reference Manual (100166), tables 3-1 and 7-1.
    M4,
}

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
    fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.starts_with(name))
    }

    /// The words that a list of registers moves.
    fn words(&self) -> u64 {
        let list = self.operands.split_once('{').map_or("", |(_, list)| list);
        let registers = list.trim_end_matches('}').split(',').map(str::trim);
        registers.map(|register| if register.starts_with('d') { 2 } else { 1 }).sum()
    }

    /// A load or store of one word or less.
    fn is_single(&self) -> bool {
        self.is(&["ldr", "str", "vldr", "vstr"]) && !self.is(&["ldrd", "strd"])
    }

    fn is_multiple(&self) -> bool {
        self.is(&["ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop"])
    }

    /// Whether the FPU computes a number that is ready a cycle later for what follows directly.
    fn is_float_arithmetic(&self) -> bool {
        self.is(&[
            "vadd", "vsub", "vmul", "vnmul", "vdiv", "vsqrt", "vfma", "vfms", "vfnm", "vmla", "vmls", "vnml", "vcvt",
        ])
    }

    /// Whether a register is among its operands but the first, or also as the first where that is read.
    fn reads(&self, register: &str) -> bool {
        let skipped = usize::from(!self.is(&["vfma", "vfms", "vmla", "vmls", "vfnm", "vnml", "vstr", "vcmp"]));
        self.operands
            .split([',', ' ', '{', '}'])
            .filter(|word| !word.is_empty())
            .skip(skipped)
            .any(|word| word == register)
    }

    fn target(&self) -> &str {
        self.operands.split(',').next().unwrap_or("").trim()
    }
}

impl Core {
    /// The core with this short name.
    pub fn of(short: &str) -> Option<Self> {
        match short {
            "m0" => Some(Self::M0Plus),
            "m3" => Some(Self::M3),
            "m4" => Some(Self::M4),
            _ => None,
        }
    }

    /// The cycles of a block of instructions that is executed from its first to its last, and goes on at `next`.
    ///
    /// A single load or store after another takes one cycle (M3, M4). Where the manual gives a range, the refill of the pipeline
    /// takes two cycles, a long multiplication on the M3 the most, and a division the most.
    pub fn cycles(self, block: &[Instruction], next: u64) -> u64 {
        let mut cycles = 0;
        let mut before: Option<&Instruction> = None;
        for instruction in block {
            cycles += self.alone(instruction);
            if let Some(before) = before {
                if self != Self::M0Plus && instruction.is_single() && before.is_single() {
                    cycles -= 1;
                }
                cycles += u64::from(before.is_float_arithmetic() && instruction.reads(before.target()));
            }
            before = Some(instruction);
        }
        if let Some(last) = before.filter(|last| last.address + last.length != next) {
            cycles += match self {
                Self::M0Plus if last.name == "bl" || last.is(&["pop"]) => 2,
                Self::M0Plus => 1,
                Self::M3 | Self::M4 => 2,
            };
        }
        cycles
    }

    /// What an instruction takes that goes on with the next, and has none before it.
    fn alone(self, instruction: &Instruction) -> u64 {
        if instruction.is_multiple() {
            return 1 + instruction.words();
        }
        if instruction.is(&["ldrd", "strd"]) {
            return 3;
        }
        if instruction.is_single() {
            return if instruction.operands.starts_with('d') { 3 } else { 2 };
        }
        let m3 = self == Self::M3;
        if instruction.is(&["sdiv", "udiv"]) {
            12
        } else if m3 && instruction.is(&["smull", "umull"]) {
            5
        } else if m3 && instruction.is(&["smlal", "umlal"]) {
            7
        } else if m3 && instruction.is(&["mla", "mls"]) {
            2
        } else if instruction.is(&["vdiv", "vsqrt"]) {
            14
        } else if instruction.is(&["vfma", "vfms", "vfnm", "vmla", "vmls", "vnml"]) {
            3
        } else if instruction.is(&["vmov"]) && instruction.operands.matches(',').count() >= 2 {
            2
        } else {
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &[&str]) -> Vec<Instruction> {
        let line =
            |(index, text): (usize, &&str)| Instruction::parse(&format!("0x{:08x}:  bf00       {text}", 2 * index));
        text.iter().enumerate().map(|each| line(each).unwrap()).collect()
    }

    #[test]
    fn a_line_of_qemus_is_an_instruction() {
        let line = "0x00002250:  e92d 0f00  push.w   {r8, sb, sl, fp}";
        let push = Instruction::parse(line).unwrap();
        assert_eq!((push.address, push.length, &*push.name, push.words()), (0x2250, 4, "push", 4));
        let nop = Instruction::parse("0x00002654:  bf00       nop      ").unwrap();
        assert_eq!((&*nop.name, &*nop.operands, nop.length), ("nop", "", 2));
        assert_eq!(Instruction::parse("IN: begin"), None);
    }

    #[test]
    fn blocks_take_what_the_manuals_say() {
        let each = [
            (&["ldr r0, [r1]", "ldr r2, [r3]", "ldrb r4, [r1]"][..], [6, 4, 4]),
            (&["ldm r0!, {r1, r2, r3}"], [4, 4, 4]),
            (&["mla r0, r1, r2, r0", "movs r0, #1"], [2, 3, 2]),
            (&["smull r0, r1, r2, r3"], [1, 5, 1]),
            (&["muls r0, r1, r0", "adds r0, r1"], [2, 2, 2]),
        ];
        for (text, expected) in each {
            let block = block(text);
            let next = 2 * text.len() as u64;
            assert_eq!([Core::M0Plus, Core::M3, Core::M4].map(|core| core.cycles(&block, next)), expected, "{text:?}");
        }
        let taken = block(&["bne #0"]);
        assert_eq!([Core::M0Plus, Core::M3, Core::M4].map(|core| core.cycles(&taken, 0)), [2, 3, 3]);
        let back = block(&["pop {r4, pc}"]);
        assert_eq!([Core::M0Plus, Core::M3, Core::M4].map(|core| core.cycles(&back, 0)), [5, 5, 5]);
        let floats = [
            (&["vfma.f32 s0, s1, s2", "vfma.f32 s3, s1, s2"][..], 6),
            (&["vfma.f32 s0, s1, s2", "vfma.f32 s0, s1, s2"], 7),
            (&["vmul.f32 s0, s1, s2", "vadd.f32 s3, s0, s2"], 3),
            (&["vmov r0, r1, s0, s1", "vmov s0, r0"], 3),
            (&["vldmia r0!, {s0, s1, s2}", "vpush {d8, d9}"], 4 + 5),
        ];
        for (text, expected) in floats {
            assert_eq!(Core::M4.cycles(&block(text), 2 * text.len() as u64), expected, "{text:?}");
        }
    }
}
