extension PageFile {
    /// Whether a file that is too short for two meta pages is what LMDB writes first of a new one, or a part of it, or
    /// zeros that a power cut left of that: page 0 tells of commit 0 and of no page behind the meta pages.
    package var isBeginning: Bool {
        let count = min(byteCount, 4096)
        guard let bytes = unsafe buffer(of: 0, from: 0, count) else { return true }
        // In bounds: it is as long as the file, which the map is, too.
        if unsafe bytes.allSatisfy({ $0 == 0 }) { return true }
        // A meta page ends at byte 152; a part of one tells nothing.
        guard count >= 152 else { return false }
        let page = Page(number: 0, bytes: unsafe [UInt8](bytes))
        return page.flags == Page.Flag.meta && page.integer(16, 4) == MetaPage.magic && page.integer(136, 8) == 1
            && page.integer(144, 8) == 0
    }
}
