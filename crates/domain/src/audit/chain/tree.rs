//! The Merkle tree over the links of a day (RFC 9162 §2.1): its root, the path from one link up to it, and the way back.
//! Knows no events.

use super::{Digest, Sha256};

/// Links whose common node is kept, so that a path is found without reading the whole day. A power of two, so that these
/// nodes are nodes of the tree.
pub const BLOCK: usize = 256;

fn leaf(sha: Sha256, link: Digest) -> Digest {
    sha(&[&[0], &link.0])
}

fn node(sha: Sha256, left: Digest, right: Digest) -> Digest {
    sha(&[&[1], &left.0, &right.0])
}

/// A tree that grows to the right, in memory of its height.
#[derive(Debug, Clone)]
pub struct Tree {
    sha: Sha256,
    /// Complete trees, the largest first: of how many levels, and their roots.
    whole: Vec<(u32, Digest)>,
    len: u64,
}

impl Tree {
    /// Nothing yet.
    pub fn new(sha: Sha256) -> Self {
        Self { sha, whole: Vec::new(), len: 0 }
    }

    /// How many links it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One link more.
    pub fn push(&mut self, link: Digest) {
        self.push_hash(leaf(self.sha, link));
    }

    fn push_hash(&mut self, hash: Digest) {
        let (mut level, mut hash) = (0, hash);
        while let Some((same, left)) = self.whole.last().copied()
            && same == level
        {
            self.whole.pop();
            hash = node(self.sha, left, hash);
            level += 1;
        }
        self.whole.push((level, hash));
        self.len += 1;
    }

    /// The root; none of nothing.
    pub fn root(&self) -> Option<Digest> {
        let mut parts = self.whole.iter().rev().map(|(_, hash)| *hash);
        let last = parts.next()?;
        Some(parts.fold(last, |right, left| node(self.sha, left, right)))
    }
}

/// The root over nodes of one level, such as those of blocks.
pub fn root_of_hashes(sha: Sha256, hashes: &[Digest]) -> Option<Digest> {
    let mut tree = Tree::new(sha);
    hashes.iter().for_each(|hash| tree.push_hash(*hash));
    tree.root()
}

/// The hashes beside the way from a node up to the root over nodes of one level, lowest first.
pub fn path_of_hashes(sha: Sha256, hashes: &[Digest], place: usize) -> Vec<Digest> {
    if hashes.len() < 2 {
        return Vec::new();
    }
    let split = (hashes.len().div_ceil(2)).next_power_of_two();
    let (left, right) = hashes.split_at(split);
    let (mut path, beside) = if place < split {
        (path_of_hashes(sha, left, place), right)
    } else {
        (path_of_hashes(sha, right, place - split), left)
    };
    path.extend(root_of_hashes(sha, beside));
    path
}

/// The same for a link among links.
pub fn path_of(sha: Sha256, links: &[Digest], place: usize) -> Vec<Digest> {
    let hashes: Vec<Digest> = links.iter().map(|link| leaf(sha, *link)).collect();
    path_of_hashes(sha, &hashes, place)
}

/// Where a path leads: the root, when link, place and path belong to a tree of `size` links (RFC 9162 §2.1.3.2).
pub fn fold(sha: Sha256, link: Digest, place: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    if place >= size {
        return None;
    }
    let (mut place, mut last) = (place, size - 1);
    let mut hash = leaf(sha, link);
    for beside in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node(sha, *beside, hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(sha, hash, *beside);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// No SHA-256, but one that tells trees apart; the real one is tried where it is brought.
    fn mix(parts: &[&[u8]]) -> Digest {
        let mut state = [0x9e37_79b9_7f4a_7c15_u64, 1, 2, 3];
        for (n, byte) in parts.iter().flat_map(|part| part.iter()).enumerate() {
            let lane = &mut state[n % 4];
            *lane = (*lane ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23) ^ n as u64;
            state[(n + 1) % 4] ^= state[n % 4].wrapping_mul(31);
        }
        let mut out = [0; 32];
        for (to, lane) in out.chunks_mut(8).zip(state) {
            to.copy_from_slice(&lane.to_be_bytes());
        }
        Digest(out)
    }

    /// The definition, word for word.
    fn defined(links: &[Digest]) -> Digest {
        match links {
            [one] => leaf(mix, *one),
            many => {
                let split = (1..).map(|n| 1 << n).find(|k| k * 2 >= many.len()).unwrap_or(1);
                let split = if many.len() == 2 { 1 } else { split };
                node(mix, defined(&many[..split]), defined(&many[split..]))
            }
        }
    }

    fn links(count: usize) -> Vec<Digest> {
        (0..count as u64).map(|n| mix(&[&n.to_be_bytes()])).collect()
    }

    #[test]
    fn a_tree_that_grew_is_the_defined_one_also_by_blocks() {
        for count in (1..40).chain([255, 256, 257, 511, 512, 513, 1000]) {
            let links = links(count);
            let mut tree = Tree::new(mix);
            links.iter().for_each(|link| tree.push(*link));
            assert_eq!(tree.root(), Some(defined(&links)), "{count}");
            let blocks: Vec<Digest> = links.chunks(8).map(defined).collect();
            assert_eq!(root_of_hashes(mix, &blocks), tree.root(), "{count} by blocks of eight");
        }
        assert_eq!(Tree::new(mix).root(), None);
    }

    proptest! {
        #[test]
        fn a_path_leads_to_the_root_from_its_link_and_place_alone(count in 1_usize..600, place: prop::sample::Index, other: prop::sample::Index) {
            let links = links(count);
            let (place, other) = (place.index(count), other.index(count));
            let root = defined(&links);
            let path = path_of(mix, &links, place);
            let size = count as u64;
            prop_assert_eq!(fold(mix, links[place], place as u64, size, &path), Some(root));
            prop_assert!(path.len() <= 10);
            if other != place {
                prop_assert_ne!(fold(mix, links[other], place as u64, size, &path), Some(root));
                prop_assert_ne!(fold(mix, links[place], other as u64, size, &path), Some(root));
            }
            prop_assert_eq!(fold(mix, links[place], size, size, &path), None);
            let longer: Vec<Digest> = path.iter().copied().chain([root]).collect();
            prop_assert_ne!(fold(mix, links[place], place as u64, size, &longer), Some(root));
            // By blocks, as it is kept.
            let blocks: Vec<Digest> = links.chunks(16).map(defined).collect();
            let mut two = path_of(mix, links.chunks(16).nth(place / 16).unwrap(), place % 16);
            two.extend(path_of_hashes(mix, &blocks, place / 16));
            prop_assert_eq!(two, path);
        }
    }
}
