// What can be found in a file whose tree is broken: leaf pages and overflow pages by the look of them. Whoever uses it
// has a checksum to tell records from what only looks like one, because pages that are free hold records of the past.

extension PageFile {
    /// Calls `body` with the records of each leaf page that `walk` has neither reached nor found free.
    package func forEachLostRecord(after walk: PageWalk?, _ body: (PageRecord) -> Void) {
        for number in 2..<max(2, pageCount) where walk?.isUnknownOrTree(number) ?? true {
            guard let page = page(number), page.flags != Page.Flag.overflow, page.flags != Page.Flag.branch else {
                continue
            }
            // Where the header is damaged it does not say how many entries there are: all places are tried.
            let isDamaged = page.headerFault != nil
            for index in 0..<(isDamaged ? (pageBytes - Page.headerBytes) / 2 : page.nodeCount) {
                guard let node = page.node(index, isDamaged: isDamaged), !node.key.isEmpty,
                    node.key.count <= Page.keyBytesMax
                else { continue }
                body(
                    PageRecord(
                        key: Array(page.bytes[node.key]), valueBytes: node.valueBytes, page: node.page ?? number,
                        offset: node.page == nil ? node.data.lowerBound : Page.headerBytes))
            }
        }
    }

    /// The content of each run of overflow pages that nothing reached and that is not free: values whose keys are lost.
    package func forEachLostValue(after walk: PageWalk?, _ body: (_ page: Int, _ bytes: [UInt8]) -> Void) {
        for number in 2..<max(2, pageCount) where walk?.isUnknown(number) ?? true {
            guard let page = page(number), page.flags == Page.Flag.overflow, page.storedNumber == number,
                page.runPages == 1
            else { continue }
            body(number, Array(page.bytes[Page.headerBytes...]))
        }
    }
}

extension PageWalk {
    /// Pages of a tree that was not walked to its end count as lost, too: their records are read once more, and those
    /// that were visited are known by their keys.
    fileprivate func isUnknownOrTree(_ page: Int) -> Bool {
        isUnknown(page) || uses[page] == .leaf || uses[page] == .branch
    }
}
