//! A set of small numbers as bits: seconds, minutes, hours, days, months.

/// Numbers from 0 to 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordinals(u64);

impl Ordinals {
    pub const NONE: Self = Self(0);

    pub fn single(ordinal: u32) -> Self {
        Self(1u64.checked_shl(ordinal).unwrap_or(0))
    }

    /// Bit n stands for the number n.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub fn bits(self) -> u64 {
        self.0
    }

    pub fn contains(self, ordinal: u32) -> bool {
        self.at_or_after(ordinal) == Some(ordinal)
    }

    pub fn first(self) -> Option<u32> {
        self.at_or_after(0)
    }

    pub fn last(self) -> Option<u32> {
        self.0.checked_ilog2()
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The smallest member that is not below `floor`.
    pub fn at_or_after(self, floor: u32) -> Option<u32> {
        let rest = self.0 & u64::MAX.checked_shl(floor).unwrap_or(0);
        (rest != 0).then(|| rest.trailing_zeros())
    }

    /// Every member plus `by`, on a dial of `size` numbers from 0, such as the 60 minutes.
    pub fn turned(self, by: u32, size: u32) -> Self {
        let dial = (1u64 << size) - 1;
        let by = by % size;
        Self((self.0 << by | self.0 >> (size - by)) & dial)
    }
}

impl FromIterator<u32> for Ordinals {
    fn from_iter<I: IntoIterator<Item = u32>>(ordinals: I) -> Self {
        Self(ordinals.into_iter().fold(0, |bits, ordinal| bits | Self::single(ordinal).0))
    }
}
